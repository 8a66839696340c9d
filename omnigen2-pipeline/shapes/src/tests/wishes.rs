//! What scenes lack, and what edits miss.

use crate::{
    Asked, Background, Colour, Edit, Extent, Form, Object, Paint, Part, Place, Relation, Scene, Shape, Style,
    Texture, TexturePlace, Wish,
};

fn object(shape: Shape, colour: Colour, centre: [f32; 2]) -> Object {
    Object { shape, colour, extent: Extent::Large, texture: Texture::Plain, centre }
}

fn scene() -> Scene {
    let mut square = object(Shape::Square, Colour::Blue, [48.0, 16.0]);
    square.texture = Texture::Striped(Colour::Red);
    square.extent = Extent::Small;
    let cross = object(Shape::Cross, Colour::Green, [16.0, 16.0]);
    Scene { background: Background::Grey, objects: vec![cross, square] }
}

fn parts(wish: &Wish, scene: &Scene) -> Vec<Part> {
    wish.unmet(scene).into_iter().map(|unmet| unmet.part).collect()
}

fn words(wish: &Wish, scene: &Scene) -> Vec<String> {
    wish.unmet(scene).into_iter().map(|unmet| unmet.words).collect()
}

#[test]
fn prompts_say_all_in_many_ways() {
    let wish = Wish::of(&scene());
    let prompts = Form::ALL.map(|form| wish.words(Style { form, texture: TexturePlace::Before }));
    assert_eq!(
        prompts,
        [
            "a large green cross to the left of a small blue and red striped square on a grey background",
            "Draw a large green cross to the left of a small blue and red striped square on a grey background.",
            "A picture of a large green cross to the left of a small blue and red striped square. \
             The background is grey.",
            "On a grey background, a large green cross to the left of a small blue and red striped square.",
            "The picture shows a large green cross and a small blue and red striped square. \
             The cross is to the left of the square. The background is grey.",
            "grey background, large green cross left of small blue and red striped square",
        ]
    );
    let behind = wish.words(Style { texture: TexturePlace::Behind, ..Style::default() });
    assert!(behind.contains("a small square with blue and red stripes on a grey"), "{behind}");
}

#[test]
fn each_fault_is_named() {
    let (scene, wish) = (scene(), Wish::of(&scene()));
    assert_eq!(parts(&wish, &scene), []);
    let swapped = Edit::Swap { which: [0, 1] }.apply(&scene);
    assert_eq!(words(&wish, &swapped), ["left of the square"]);
    let alone = Edit::Remove { which: 1 }.apply(&scene);
    assert_eq!(parts(&wish, &alone), [Part::Missing(1)]);
    assert_eq!(words(&wish, &alone), ["small blue and red striped square"]);
    let pink = Edit::Background(Background::Pink).apply(&scene);
    assert_eq!(words(&wish, &pink), ["grey background"]);
    let circle = Edit::Replace { which: 0, shape: Shape::Circle }.apply(&scene);
    assert_eq!(parts(&wish, &circle), [Part::Wrong(0)]);
    assert_eq!(parts(&Wish::of(&alone), &scene), [Part::TooMany]);
    assert_eq!(words(&Wish::of(&alone), &scene), ["only a large green cross"]);
}

#[test]
fn an_answer_names_all_faults_and_the_edit_that_mends_them() {
    let (scene, wish) = (scene(), Wish::of(&scene()));
    let answer = |scene: &Scene| wish.answer("a cross, a square.", scene);
    assert_eq!(answer(&scene), "UNMET: none\nEDIT: none");
    let pink = Edit::Background(Background::Pink).apply(&scene);
    assert_eq!(answer(&pink), "UNMET: grey background\nEDIT: Change the background to grey.");
    let both = Edit::Resize { which: 0, extent: Extent::Small }.apply(&pink);
    assert_eq!(
        answer(&both),
        "UNMET: large green cross\nUNMET: grey background\n\
         EDIT: Change the picture to this: a cross, a square."
    );
    let alone = Edit::Remove { which: 1 }.apply(&scene);
    let added = "EDIT: Add a small blue and red striped square to the right of the cross.";
    assert!(answer(&alone).ends_with(added), "{}", answer(&alone));
}

#[test]
fn what_is_no_object_is_taken_for_the_missing_one() {
    let mut wish = Wish::of(&scene());
    wish.relations.clear();
    let mut picture = Edit::Remove { which: 1 }.apply(&scene()).render();
    // Below the cross, where no relation was told, stand dots of all colours.
    for (x, y) in (40..56).flat_map(|y| (8..24).map(move |x| (x, y))) {
        let colour = Colour::ALL[((x / 3 + y / 3) % 6) as usize];
        picture.put_pixel(x, y, image::Rgb(colour.rgb()));
    }
    let appraisal = wish.appraise("a cross", &picture).unwrap();
    assert_eq!(
        appraisal.answer,
        "UNMET: small blue and red striped square\n\
         EDIT: Add a small blue and red striped square below the cross."
    );
    assert_eq!(appraisal.mended.unwrap().objects[1].centre, [16.0, 48.0]);

    wish.things.pop();
    let appraisal = wish.appraise("a cross", &picture).unwrap();
    assert_eq!(
        appraisal.answer,
        "UNMET: only a large green cross\nEDIT: Change the picture to this: a cross."
    );
    assert_eq!(appraisal.mended.unwrap().objects.len(), 1);
    assert!(
        wish.appraise(
            "a cross",
            &image::RgbImage::from_fn(64, 64, |x, y| { image::Rgb([(x * 4) as u8, (y * 4) as u8, 0]) })
        )
        .is_none()
    );
}

#[test]
fn what_is_not_named_is_free() {
    let mut wish = Wish::of(&scene());
    wish.things[0].extent = None;
    wish.things[1].paint = None;
    wish.background = None;
    wish.relations.clear();
    let mut other = scene();
    other.background = Background::Black;
    other.objects[0].extent = Extent::Small;
    other.objects[1].colour = Colour::Purple;
    other.objects.reverse();
    other.objects[0].centre = [20.0, 50.0];
    assert_eq!(parts(&wish, &other), []);
}

#[test]
fn the_order_of_named_colours_is_free_but_not_that_of_a_pictured_object() {
    let mut turned = scene();
    turned.objects[1].colour = Colour::Red;
    turned.objects[1].texture = Texture::Striped(Colour::Blue);
    let mut wish = Wish::of(&scene());
    assert_eq!(parts(&wish, &turned), []);
    wish.things[1] = Asked::pictured(&scene().objects[1], 1);
    assert_eq!(words(&wish, &turned), ["object in image 1"]);
    wish.place = Some(Place::Middle);
    assert_eq!(words(&wish, &scene()), ["in the middle"]);
}

#[test]
fn edits_change_what_they_say_and_nothing_else() {
    let before = scene();
    let added = object(Shape::Circle, Colour::Yellow, [16.0, 48.0]);
    let add = Edit::Add { object: added, asked: Asked::of(&added), relation: Relation::Below, anchor: 0 };
    let edits = [
        add,
        Edit::Paint { which: 0, paint: Paint::plain(Colour::Red) },
        Edit::Paint {
            which: 0,
            paint: Paint { colour: Colour::Red, texture: Texture::TwoTone(Colour::Cyan) },
        },
        Edit::Resize { which: 0, extent: Extent::Small },
        Edit::Replace { which: 1, shape: Shape::Circle },
        Edit::Remove { which: 0 },
        Edit::Swap { which: [0, 1] },
        Edit::Background(Background::White),
    ];
    let said: Vec<String> = edits.iter().map(|edit| edit.words(&before, 0)).collect();
    assert_eq!(
        said,
        [
            "Add a large yellow circle below the cross.",
            "Change the colour of the cross to red.",
            "Give the cross red and cyan halves.",
            "Make the cross small.",
            "Replace the square with a circle.",
            "Remove the cross.",
            "Swap the cross and the square.",
            "Change the background to white.",
        ]
    );
    for edit in edits {
        assert!(edit.suits(&before), "{edit:?}");
        let mut after = edit.apply(&before);
        after.objects.reverse();
        assert!(edit.unmet(&before, &after).is_empty(), "{edit:?}");
        assert!(!edit.unmet(&before, &before).is_empty(), "{edit:?}");
        after.objects[0].centre[1] += 5.0;
        let free = matches!(edit, Edit::Add { .. });
        assert_eq!(edit.unmet(&before, &after).is_empty(), free, "{edit:?}");
        after.objects.push(object(Shape::Triangle, Colour::Purple, [32.0, 10.0]));
        assert!(edit.unmet(&before, &after).contains(&"no large purple triangle".into()));
    }
}

#[test]
fn things_have_the_shortest_names_that_are_theirs_alone() {
    let mut scene = scene();
    scene.objects.push(object(Shape::Cross, Colour::Purple, [20.0, 54.0]));
    let remove = |which| Edit::Remove { which }.words(&scene, 0);
    assert_eq!([remove(0), remove(1)], ["Remove the green cross.", "Remove the square."]);
}
