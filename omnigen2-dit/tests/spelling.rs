//! Settings are read as they are written.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use omnigen2_dit::{CachePolicy, Guidance, ParseError, Solver, TimeShift};
use proptest::prelude::*;

fn assert_read_as_written<T: Display + FromStr<Err: Debug> + PartialEq + Debug>(value: T) {
    assert_eq!(value.to_string().parse::<T>().unwrap(), value);
}

fn refusal<T: FromStr<Err = ParseError> + Debug>(text: &str) -> String {
    text.parse::<T>().unwrap_err().to_string()
}

proptest! {
    #[test]
    fn every_value_is_read_as_it_is_written(order: usize, a: f64, b: f64, c: f64, d: f64) {
        assert_read_as_written(Solver::DpmSolver { order });
        assert_read_as_written(TimeShift::Fixed(a));
        assert_read_as_written(TimeShift::Dynamic { base: a });
        assert_read_as_written(CachePolicy::TeaCache { threshold: a });
        assert_read_as_written(CachePolicy::FirstBlock { threshold: a });
        assert_read_as_written(CachePolicy::MagCache { threshold: a });
        assert_read_as_written(CachePolicy::Auto { error: a });
        assert_read_as_written(Guidance { text: a, image: b, range: [c, d] });
    }

    #[test]
    fn any_text_is_read_or_refused(text: String) {
        let read = text.parse::<Solver>().map(|solver| solver.to_string());
        prop_assert!(read.is_err() || text.starts_with("dpm") || text == "euler");
        let _ = (text.parse::<TimeShift>(), text.parse::<CachePolicy>(), text.parse::<Guidance>());
    }
}

#[test]
fn spellings_are_those_of_the_field() {
    assert_eq!("euler".parse(), Ok(Solver::Euler));
    assert_eq!("dpm".parse(), Ok(Solver::DPM_SOLVER));
    assert_eq!("none".parse(), Ok(TimeShift::None));
    assert_eq!("dynamic".parse(), Ok(TimeShift::default()));
    assert_eq!("2.6".parse(), Ok(TimeShift::Fixed(2.6)));
    assert_eq!("none".parse(), Ok(CachePolicy::None));
    assert_eq!("teacache".parse(), Ok(CachePolicy::TeaCache { threshold: 0.05 }));
    assert_eq!("teacache=0.1".parse(), Ok(CachePolicy::TeaCache { threshold: 0.1 }));
    assert_eq!("taylorseer".parse(), Ok(CachePolicy::TaylorSeer));
    assert_eq!("firstblock".parse(), Ok(CachePolicy::FIRST_BLOCK));
    assert_eq!("firstblock=0.1".parse(), Ok(CachePolicy::FirstBlock { threshold: 0.1 }));
    assert_eq!("magcache".parse(), Ok(CachePolicy::MAG_CACHE));
    assert_eq!("magcache=0.1".parse(), Ok(CachePolicy::MagCache { threshold: 0.1 }));
    assert_eq!("auto".parse(), Ok(CachePolicy::AUTO));
    assert_eq!("auto=0.01".parse(), Ok(CachePolicy::Auto { error: 0.01 }));
    assert_eq!("text 5, image 2, steps 0..1".parse(), Ok(Guidance::default()));
    for usual in [Solver::Euler, Solver::DPM_SOLVER] {
        assert_read_as_written(usual);
    }
    assert_eq!(TimeShift::default().to_string(), "dynamic");
    assert_eq!(Solver::DPM_SOLVER.to_string(), "dpm");
}

#[test]
fn other_spellings_are_refused_with_those_that_are_read() {
    assert_eq!(refusal::<Solver>("heun"), "expected `euler` or `dpm`");
    assert_eq!(refusal::<TimeShift>("later"), "expected `none`, `dynamic` or a number such as 2.6");
    let caches = "expected `none`, `teacache[=THRESHOLD]`, `taylorseer`, `firstblock[=THRESHOLD]`, \
        `magcache[=THRESHOLD]` or `auto[=ERROR]`";
    for wrong in ["none=1", "teacache=much", "taylorseer=", "firstblock=", "auto=1=2", "magcache 1", ""] {
        assert_eq!(refusal::<CachePolicy>(wrong), caches);
    }
    for wrong in ["5", "text 5, image 2", "image 2, text 5, steps 0..1", "text 5, image 2, steps 0"] {
        assert!(refusal::<Guidance>(wrong).contains("text 5, image 2, steps 0..1"));
    }
}
