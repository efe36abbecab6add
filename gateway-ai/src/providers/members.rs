//! Members of an object put in and left out, with the rest as it stands.

use bytes::{BufMut, Bytes, BytesMut};

use crate::json::Members;

/// The object with `head` – members as JSON has them, without braces – before its own, of which those
/// `without` are left out. `None` where it is no object.
pub(super) fn put(head: &str, object: &[u8], without: &[&str]) -> Option<Bytes> {
    let mut members = Members::of(object).ok()?;
    let mut out = BytesMut::with_capacity(object.len() + head.len() + 8);
    out.put_u8(b'{');
    out.put_slice(head.as_bytes());
    let mut first = head.is_empty();
    while let Some(member) = members.next().ok()? {
        if without.contains(&&*member.key) {
            continue;
        }
        if !std::mem::take(&mut first) {
            out.put_u8(b',');
        }
        out.put_slice(serde_json::to_string(&*member.key).ok()?.as_bytes());
        out.put_u8(b':');
        out.put_slice(members.text(&member.value).as_bytes());
    }
    out.put_u8(b'}');
    Some(out.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_stays_as_it_stands() {
        let object = br#"{ "a" : 1.0, "b\"c": [1,  2], "d": null }"#;
        let put = |head: &str, without: &[&str]| {
            let out = put(head, object, without).expect("an object");
            String::from_utf8(out.to_vec()).expect("text")
        };
        assert_eq!(put("", &[]), r#"{"a":1.0,"b\"c":[1,  2],"d":null}"#);
        assert_eq!(put(r#""x":1"#, &["a", "d"]), r#"{"x":1,"b\"c":[1,  2]}"#);
        assert_eq!(put("", &["a", "b\"c", "d"]), "{}");
        assert!(super::put("", b"[]", &[]).is_none());
    }
}
