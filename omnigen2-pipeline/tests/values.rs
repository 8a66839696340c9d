//! Values that travel: what is written of them is read as the same, and nothing else is.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Debug;

use omnigen2_pipeline::Critique;
use omnigen2_pipeline::pixels::{ReferenceLimits, RgbImage, Size};
use omnigen2_pipeline::{
    CachePolicy, Conversation, Guidance, ImageRequest, Message, Part, Picture, ReplySettings, Role, Sampling,
    Solver, TimeShift,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// As a person would write one; the JSON reader takes longer ones to the nearest number but one.
fn number() -> impl Strategy<Value = f64> {
    (-9_999_i32..9_999).prop_map(|thousandths| f64::from(thousandths) / 1000.0)
}

fn picture() -> impl Strategy<Value = Picture> {
    let pixels = (1_u32..5, 1_u32..5).prop_flat_map(|(width, height)| {
        let bytes = vec(any::<u8>(), (width * height * 3) as usize);
        bytes.prop_map(move |bytes| RgbImage::from_raw(width, height, bytes).unwrap().into())
    });
    prop_oneof![pixels, any::<String>().prop_map(Picture::Named)]
}

fn message() -> impl Strategy<Value = Message> {
    let part = prop_oneof![any::<String>().prop_map(Part::Text), picture().prop_map(Part::Picture)];
    let role = prop_oneof![Just(Role::User), Just(Role::Assistant)];
    (role, vec(part, 0..4)).prop_map(|(role, parts)| Message { role, parts })
}

fn conversation() -> impl Strategy<Value = Conversation> {
    (any::<String>(), vec(message(), 0..4)).prop_map(|(system, messages)| Conversation { system, messages })
}

prop_compose! {
    fn guidance()(text in number(), image in number(), from in number(), to in number()) -> Guidance {
        Guidance { text, image, range: [from, to] }
    }
}

fn solver() -> impl Strategy<Value = Solver> {
    prop_oneof![Just(Solver::Euler), any::<usize>().prop_map(|order| Solver::DpmSolver { order })]
}

fn time_shift() -> impl Strategy<Value = TimeShift> {
    prop_oneof![
        Just(TimeShift::None),
        number().prop_map(TimeShift::Fixed),
        number().prop_map(|base| TimeShift::Dynamic { base }),
    ]
}

fn step_cache() -> impl Strategy<Value = CachePolicy> {
    prop_oneof![
        Just(CachePolicy::None),
        number().prop_map(|threshold| CachePolicy::TeaCache { threshold }),
        number().prop_map(|threshold| CachePolicy::FirstBlock { threshold }),
        number().prop_map(|threshold| CachePolicy::MagCache { threshold }),
        number().prop_map(|error| CachePolicy::Auto { error }),
        Just(CachePolicy::TaylorSeer),
    ]
}

prop_compose! {
    fn how_it_is_drawn()(
        guidance in guidance(), solver in solver(), time_shift in time_shift(), step_cache in step_cache(),
        steps: usize, max_pixels: u64, reference_max_pixels: u64, max_side: u32, draw_references: bool,
    ) -> ImageRequest {
        let reference_limits = ReferenceLimits { max_pixels: reference_max_pixels, max_side };
        ImageRequest {
            guidance, solver, time_shift, step_cache, steps, max_pixels, reference_limits, draw_references,
            ..ImageRequest::default()
        }
    }
}

prop_compose! {
    fn request()(
        how in how_it_is_drawn(), prompt: String, negative: String, conversation in option::of(conversation()),
        references in vec(picture(), 0..3), size in option::of((any::<u32>(), any::<u32>())),
        count: usize, seed: u64, max_tokens: usize,
    ) -> ImageRequest {
        let size = size.map(|(width, height)| Size::new(width, height));
        ImageRequest { prompt, negative, conversation, references, size, count, seed, max_tokens, ..how }
    }
}

/// Within what a choice of tokens may be.
fn sampling() -> impl Strategy<Value = Sampling> {
    (0_u16..3000, any::<usize>(), 1_u16..=1000, 1_u16..3000).prop_map(
        |(temperature, top_k, top_p, penalty)| {
            let number = |thousandths| f64::from(thousandths) / 1000.0;
            let (temperature, top_p, repetition_penalty) =
                (number(temperature), number(top_p), number(penalty));
            Sampling { temperature, top_k, top_p, repetition_penalty }
        },
    )
}

prop_compose! {
    fn reply_settings()(
        max_tokens: usize, sampling in option::of(sampling()), seed: u64, stop in vec(any::<String>(), 0..3),
        may_draw: bool,
    ) -> ReplySettings {
        ReplySettings { max_tokens, sampling, seed, stop, may_draw }
    }
}

prop_compose! {
    fn critique()(text: String, unmet in vec(any::<String>(), 0..4), mend: String, score in number()) -> Critique {
        Critique { text, unmet, mend, score }
    }
}

/// Text and bytes both hold all of it.
fn travels<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value);
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    assert_eq!(&ciborium::from_reader::<T, _>(bytes.as_slice()).unwrap(), value);
}

proptest! {
    #[test]
    fn requests_travel_whole(request in request()) {
        travels(&request);
    }

    #[test]
    fn conversations_travel_whole(conversation in conversation()) {
        travels(&conversation);
    }

    #[test]
    fn settings_of_replies_travel_whole(settings in reply_settings()) {
        travels(&settings);
    }

    #[test]
    fn critiques_travel_whole(critique in critique()) {
        travels(&critique);
    }
}

fn refused<T: DeserializeOwned + Debug>(value: Value) -> String {
    serde_json::from_value::<T>(value).unwrap_err().to_string()
}

#[test]
fn a_field_that_there_is_not_is_named_beside_those_that_there_are() {
    let error = refused::<ImageRequest>(json!({ "prompt": "a fox", "step": 20 }));
    assert!(error.contains("`step`") && error.contains("`steps`"), "{error}");
    let error = refused::<ImageRequest>(json!({ "guidance": { "txt": 5.0 } }));
    assert!(error.contains("`txt`") && error.contains("`text`"), "{error}");
    let error = refused::<ImageRequest>(json!({ "size": { "width": 64, "height": 64, "depth": 3 } }));
    assert!(error.contains("`depth`"), "{error}");
    let error =
        refused::<Conversation>(json!({ "messages": [{ "role": "user", "parts": [], "name": "me" }] }));
    assert!(error.contains("`name`") && error.contains("`parts`"), "{error}");
    let error = refused::<Conversation>(json!({ "messages": [{ "role": "system", "parts": [] }] }));
    assert!(error.contains("`system`") && error.contains("`assistant`"), "{error}");
    let error = refused::<ReplySettings>(json!({ "max_token": 20 }));
    assert!(error.contains("`max_token`") && error.contains("`max_tokens`"), "{error}");
    let error = refused::<Sampling>(json!({ "top-p": 0.5 }));
    assert!(error.contains("`top-p`") && error.contains("`top_p`"), "{error}");
    let error = refused::<Critique>(json!({ "text": "", "unmet": [], "mend": "", "score": 0.0, "why": "" }));
    assert!(error.contains("`why`") && error.contains("`score`"), "{error}");
}

#[test]
fn what_is_left_out_takes_its_default() {
    let request: ImageRequest = serde_json::from_value(json!({ "prompt": "a fox", "steps": 20 })).unwrap();
    assert_eq!(request, ImageRequest::new("a fox").steps(20));
    let settings: ReplySettings = serde_json::from_value(json!({ "sampling": { "top_k": 7 } })).unwrap();
    let sampling = Some(Sampling { top_k: 7, ..Sampling::greedy() });
    assert_eq!(settings, ReplySettings { sampling, ..ReplySettings::default() });
    let asked = json!({ "messages": [{ "role": "user", "parts": [{ "text": "hello" }] }] });
    let conversation: Conversation = serde_json::from_value(asked).unwrap();
    assert_eq!(conversation, Conversation::new().with(Message::user("hello")));
}

#[test]
fn a_choice_of_tokens_that_makes_no_sense_is_refused_when_it_is_read() {
    let error = refused::<Sampling>(json!({ "temperature": -1.0 }));
    assert!(error.contains("the temperature is -1; it must be 0 or more"), "{error}");
    let error = refused::<ReplySettings>(json!({ "sampling": { "top_p": 1.5 } }));
    assert!(error.contains("top-p is 1.5; it must be more than 0 and at most 1"), "{error}");
}

#[test]
fn a_picture_that_travels_by_its_name_is_resolved_before_it_is_used() {
    let sent = json!({
        "references": [{ "name": "fox.png" }],
        "conversation": { "messages": [{ "role": "user", "parts": [{ "picture": { "name": "hat.png" } }] }] },
    });
    let mut request: ImageRequest = serde_json::from_value(sent).unwrap();
    assert_eq!(request.references, [Picture::Named("fox.png".into())]);
    assert_eq!(request.conversation.as_ref().unwrap().pictures().count(), 0);
    let why = |request: &ImageRequest| request.validate().unwrap_err().to_string();
    assert!(
        why(&request).contains("the picture \"fox.png\" is known by its name alone"),
        "{}",
        why(&request)
    );

    let fox = RgbImage::new(32, 48);
    let find =
        |name: &str| if name == "fox.png" { Ok(fox.clone()) } else { Err(format!("{name} is not here")) };
    assert_eq!(request.resolve(find), Err("hat.png is not here".into()));
    assert_eq!(request.references, [Picture::Pixels(fox.clone())]);
    assert!(why(&request).contains("hat.png"), "{}", why(&request));
    request.resolve(|_| Ok::<_, String>(fox.clone())).unwrap();
    request.validate().unwrap();
    assert_eq!(request.conversation.unwrap().pictures().collect::<Vec<_>>(), [&fox]);

    let error = refused::<ImageRequest>(json!({ "references": [{ "name": "fox.png", "sha": "" }] }));
    assert!(error.contains("`sha`") && error.contains("`name`"), "{error}");
}
