use std::num::NonZeroU64;
use std::time::Duration;

use proptest::option;
use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Fault {
    text.parse().unwrap()
}

fn refused(text: &str) -> String {
    text.parse::<Fault>().unwrap_err().to_string()
}

#[test]
fn every_word_of_the_menu_is_read() {
    let fault = parse("status=429, retry_after=2, times=3, latency=250ms");
    assert_eq!(
        fault.effect,
        Some(Effect::Status {
            code: 429,
            retry_after: Some(2)
        })
    );
    assert_eq!(fault.times, NonZeroU64::new(3));
    assert_eq!(fault.latency, Some(Duration::from_millis(250)));
    assert_eq!(parse("latency=1m").latency, Some(Duration::from_secs(60)));
    assert_eq!(
        parse("slow_first_token=20s").slow_first_token,
        Some(Duration::from_secs(20))
    );
    assert_eq!(
        parse("cut_after_tokens=40").effect,
        Some(Effect::CutAfterTokens(40))
    );
    let event = parse("error_event_after_chunks=1,every=2,path=/v1/messages");
    assert_eq!(event.effect, Some(Effect::ErrorEventAfterChunks(1)));
    assert_eq!(event.every, NonZeroU64::new(2));
    assert_eq!(event.path.as_deref(), Some("/v1/messages"));
    assert_eq!(parse("malformed_sse").effect, Some(Effect::MalformedSse));
    assert_eq!(parse("empty_stream").effect, Some(Effect::EmptyStream));
    assert_eq!(parse("silence").effect, Some(Effect::Silence));
    assert_eq!(parse("hangup").effect, Some(Effect::Hangup));
    assert_eq!(parse("html").effect, Some(Effect::Html));
}

#[test]
fn errors_say_what_is_wrong() {
    assert!(refused("statsu=500").contains("known are status"));
    assert!(refused("status=99").contains("between 400 and 599"));
    assert!(refused("status=x").contains("whole number"));
    assert!(refused("status").contains("needs a value"));
    assert!(refused("latency=3").contains("unit"));
    assert!(refused("latency=2h").contains("unit"));
    assert!(refused("latency=9999m").contains("hour"));
    assert!(refused("retry_after=2").contains("needs `status`"));
    assert!(refused("times=2").contains("not what goes wrong"));
    assert!(refused("silence,times=0").contains("above 0"));
    assert!(refused("silence,html").contains("combined with `silence`"));
    assert!(refused("slow_first_token=1s,status=500").contains("use `latency`"));
    assert!(refused("silence=1").contains("no value"));
    assert!(refused("silence,times=1,times=2").contains("twice"));
    assert!(refused("silence,path=v1").contains("begin with"));
    assert!(refused("").contains("unknown"));
    assert!(
        parse_list(" \n; ")
            .unwrap_err()
            .to_string()
            .contains("empty")
    );
}

#[test]
fn a_counted_fault_goes_away() {
    let faults = Faults::none();
    faults.set(parse("status=500,times=2"));
    assert!(faults.pick("/").is_some());
    assert!(faults.pick("/").is_some());
    assert_eq!(faults.pick("/"), None);
    assert!(faults.list().is_empty());
}

#[test]
fn the_first_that_applies_is_committed() {
    let faults = Faults::none();
    faults.set_all(parse_list("silence,path=/a; html,every=3; hangup,path=/b").unwrap());
    let picked = |path: &str| faults.pick(path).and_then(|fault| fault.effect);
    assert_eq!(picked("/a/x"), Some(Effect::Silence));
    assert_eq!(picked("/b"), Some(Effect::Hangup));
    assert_eq!(picked("/c"), None);
    assert_eq!(picked("/c"), Some(Effect::Html));
    assert_eq!(faults.list()[1].committed(), 1);
    faults.clear();
    assert_eq!(picked("/a"), None);
}

fn effects() -> impl Strategy<Value = Option<Effect>> {
    option::of(prop_oneof![
        (400u16..600, option::of(any::<u32>()))
            .prop_map(|(code, retry_after)| Effect::Status { code, retry_after }),
        any::<u64>().prop_map(Effect::CutAfterTokens),
        any::<u64>().prop_map(Effect::ErrorEventAfterChunks),
        Just(Effect::MalformedSse),
        Just(Effect::EmptyStream),
        Just(Effect::Silence),
        Just(Effect::Hangup),
        Just(Effect::Html),
    ])
}

fn waits() -> impl Strategy<Value = Option<Duration>> {
    option::of((0u64..3_600_000).prop_map(Duration::from_millis))
}

fn counts() -> impl Strategy<Value = Option<NonZeroU64>> {
    option::of((1u64..).prop_map(|n| NonZeroU64::new(n).unwrap()))
}

proptest! {
    #[test]
    fn what_is_printed_reads_back(
        latency in waits(),
        slow_first_token in waits(),
        effect in effects(),
        times in counts(),
        every in counts(),
        path in option::of("/[a-z0-9/_.-]{0,20}"),
    ) {
        let fault = Fault { latency, slow_first_token, effect, times, every, path };
        let read = fault.to_string().parse::<Fault>();
        let late = fault.slow_first_token.is_some();
        if fault.latency.is_none() && fault.slow_first_token.is_none() && fault.effect.is_none() {
            prop_assert!(read.is_err());
        } else if late && fault.effect.is_some_and(|effect| effect.has_no_content()) {
            prop_assert!(read.unwrap_err().to_string().contains("latency"));
        } else {
            prop_assert_eq!(read.unwrap(), fault);
        }
    }

    #[test]
    fn any_text_is_read_or_refused_without_a_panic(text in ".{0,60}") {
        let _ = parse_list(&text);
    }

    #[test]
    fn near_misses_are_read_or_refused_without_a_panic(
        text in "(status|latency|times|silence|path|every|cut_after_tokens)=?[0-9a-z/,=é]{0,12}"
    ) {
        if let Ok(fault) = text.parse::<Fault>() {
            prop_assert_eq!(fault.to_string().parse::<Fault>().unwrap(), fault);
        }
    }
}
