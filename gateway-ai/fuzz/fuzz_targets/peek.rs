//! Finding `model` and `stream` in anything that calls itself JSON: what is found without a parser is
//! what a parser finds, and what is put in its place is read back.
#![no_main]

use bytes::Bytes;
use gateway_ai::peek::{Edits, Peek};
use libfuzzer_sys::fuzz_target;
use serde::{Deserialize, de::IgnoredAny};

#[derive(Deserialize)]
struct Known {
    model: Option<String>,
    stream: Option<bool>,
}

fuzz_target!(|body: &[u8]| {
    let peek = Peek::read(body);
    let refused = peek
        .as_ref()
        .err()
        .map(|error| error.client_message().to_owned());
    let refused = |why: &str| refused.as_ref().is_some_and(|text| text.contains(why));
    let parses = serde_json::from_slice::<IgnoredAny>(body).is_ok();
    let is_object =
        parses && std::str::from_utf8(body).is_ok_and(|text| text.trim_start().starts_with('{'));
    // Control characters may stand in strings here: they cannot move a member's end.
    let controls = body.iter().any(|byte| *byte < b' ');
    assert!(!refused("not a valid request") || refused("nested") || !is_object);
    let Ok(peek) = peek else { return };
    assert!(is_object || controls);
    if let Ok(known) = serde_json::from_slice::<Known>(body) {
        assert_eq!(peek.model(), known.model.as_deref());
        assert_eq!(peek.is_stream(), known.stream == Some(true));
    }

    // Any text will do for a name.
    let name = String::from_utf8_lossy(body);
    let edits = Edits {
        model: Some(&name),
        include_usage: true,
    };
    let spliced = peek.splice(&Bytes::copy_from_slice(body), &edits);
    let again = Peek::read(&spliced).expect("what was spliced is a request");
    // `null` has a place where a name can be put, as a name has.
    assert!(again.model().is_none_or(|model| model == name));
    assert!(again.model().is_some() || peek.model().is_none());
    assert_eq!(again.is_stream(), peek.is_stream());
    assert_eq!(again.splice(&spliced, &edits), spliced);
    if let Ok(known) = serde_json::from_slice::<Known>(&spliced) {
        assert_eq!(known.model.as_deref(), again.model());
    }
});
