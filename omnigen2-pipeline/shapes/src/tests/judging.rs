//! The judge reads whole pictures right, and damaged ones as what they are.

use image::RgbImage;

use super::damage::{blurred, brighter, dice, half_painted, merged, noisy, shifted, warped};
use super::scenes;
use crate::{Background, Colour, Edit, Paint, Scene, judge};

/// Templates stand on half pixels.
const CLEAN_WITHIN: f32 = 0.6;
/// Blur and noise move the edges that places are measured by.
const DAMAGED_WITHIN: f32 = 2.0;

/// The part of the scenes that is read right after the damage.
fn right(count: u64, mut damage: impl FnMut(&RgbImage, u64) -> RgbImage) -> f64 {
    let mut total = 0.0;
    let mut right = 0.0;
    for (index, scene) in (0..).zip(scenes(count)) {
        let read = judge::read(&damage(&scene.render(), index));
        total += 1.0;
        right += f64::from(u8::from(read.is_ok_and(|read| read.same(&scene, DAMAGED_WITHIN))));
    }
    right / total
}

#[test]
fn whole_pictures_are_read_right() {
    for scene in scenes(2000) {
        let read = judge::read(&scene.render());
        assert!(read.as_ref().is_ok_and(|read| read.same(&scene, CLEAN_WITHIN)), "{scene:?}\n{read:?}");
    }
}

#[test]
fn blur_and_noise_do_not_matter() {
    assert!(right(250, |picture, _| blurred(picture, 1.0)) >= 0.99);
    assert!(right(250, |picture, index| noisy(picture, &mut dice(index), 12.0)) >= 0.995);
    assert!(right(600, |picture, index| noisy(&blurred(picture, 1.0), &mut dice(index), 12.0)) >= 0.98);
}

#[test]
fn brightness_does_not_matter() {
    for by in [-12.0, 12.0] {
        assert!(right(150, |picture, _| brighter(picture, by)) >= 0.995);
    }
}

#[test]
fn shifts_and_slight_warps_do_not_matter() {
    for by in [[1.0, 0.0], [-0.5, 0.5], [0.3, -1.0]] {
        assert!(right(120, |picture, _| shifted(picture, by)) >= 0.995);
    }
    assert!(right(250, |picture, index| warped(picture, &mut dice(index), 0.7)) >= 0.98);
}

#[test]
fn all_at_once_matters_little() {
    let all = |picture: &RgbImage, index: u64| {
        let mut dice = dice(index);
        let warped = warped(&blurred(picture, 0.7), &mut dice, 0.5);
        noisy(&brighter(&warped, dice.around() * 12.0), &mut dice, 12.0)
    };
    assert!(right(400, all) >= 0.97);
}

#[test]
fn half_an_object_is_not_the_object() {
    let pick = |scene: &Scene, index: u64| scene.objects[index as usize % scene.objects.len()];
    for (index, scene) in (0..).zip(scenes(200)) {
        let object = pick(&scene, index);
        let other = Colour::ALL.into_iter().find(|colour| object.colours().all(|own| own != *colour));
        for colour in [scene.background.rgb(), other.unwrap().rgb()] {
            let read = judge::read(&half_painted(&scene.render(), &object, colour));
            assert!(
                !read.as_ref().is_ok_and(|read| read.same(&scene, 64.0)),
                "{scene:?} {object:?}\n{read:?}"
            );
        }
    }
}

#[test]
fn other_scenes_are_read_as_such() {
    for (index, scene) in (0..).zip(scenes(200)) {
        let which = index as usize % scene.objects.len();
        let colour = Colour::ALL[(scene.objects[which].colour as usize + 1) % 6];
        let other = Background::ALL[(scene.background as usize + 1) % 4];
        let edits = [
            Edit::Paint { which, paint: Paint::plain(colour) },
            Edit::Remove { which },
            Edit::Background(other),
        ];
        for edit in edits {
            let changed = edit.apply(&scene);
            let read = judge::read(&changed.render()).unwrap();
            assert!(read.same(&changed, CLEAN_WITHIN) && !read.same(&scene, 64.0), "{changed:?}\n{read:?}");
        }
    }
}

#[test]
fn merged_objects_are_not_two() {
    let mut wrong = 0;
    let mut total = 0;
    for scene in scenes(300).filter(|scene| scene.objects.len() == 2) {
        let read = judge::read(&merged(&scene.render(), &scene.objects[0], &scene.objects[1]));
        total += 1;
        wrong += usize::from(read.is_ok_and(|read| read.same(&scene, 64.0)));
    }
    assert!(wrong == 0 && total > 50, "{wrong} of {total}");
}

#[test]
fn pictures_of_nothing_are_told() {
    let noise =
        RgbImage::from_fn(64, 64, |x, y| image::Rgb([(x * 37 + y * 91) as u8, (x * y) as u8, x as u8]));
    assert_eq!(judge::read(&noise), Err(judge::Illegible::Background));
    let blank = RgbImage::from_pixel(64, 64, image::Rgb(Background::Grey.rgb()));
    assert_eq!(judge::read(&blank), Ok(Scene { background: Background::Grey, objects: Vec::new() }));
    assert!(judge::read(&RgbImage::new(1, 1)).is_ok());
}

#[test]
fn larger_pictures_are_scaled() {
    for scene in scenes(40) {
        let large = image::imageops::resize(&scene.render(), 256, 256, image::imageops::FilterType::Triangle);
        assert!(judge::read(&large).unwrap().same(&scene, 1.5), "{scene:?}");
    }
}
