use super::*;

fn sticky(cookie: StickyCookie, upstream: &str) -> Sticky {
    let cookie = cookie.key(b"0123456789abcdef").expect("16 bytes");
    Sticky::new(&cookie, upstream)
}

fn sent_back(set: &HeaderValue) -> HeaderMap {
    let text = set.to_str().expect("it is ASCII");
    let pair = text.split(';').next().expect("there is one");
    let mut headers = HeaderMap::new();
    let theirs = HeaderValue::from_static("theme=dark; x");
    headers.append(header::COOKIE, theirs);
    let ours = format!("a=b; {pair}; c=d");
    headers.append(header::COOKIE, ours.parse().expect("it is ASCII"));
    headers
}

#[test]
fn a_cookie_leads_back_until_it_is_over() {
    let sticky = sticky(StickyCookie::new().max_age(Duration::from_secs(60)), "shop");
    let id = sticky.id("http://10.0.0.1");
    let set = sticky.issue(id, 1_000, false);
    let text = set.to_str().expect("it is ASCII");
    assert!(!text.contains("10.0.0.1"));
    assert!(
        text.ends_with("; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"),
        "{text}"
    );
    let headers = sent_back(&set);
    assert_eq!(sticky.read(&headers, 1_059), Some(id));
    assert_eq!(sticky.read(&headers, 1_060), None);
    assert_eq!(sticky.read(&HeaderMap::new(), 1_000), None);
}

#[test]
fn what_was_made_up_or_is_anothers_is_no_cookie() {
    let ours = sticky(StickyCookie::new(), "shop");
    let name = ours.shared.name.to_string();
    let set = ours.issue(ours.id("a"), 0, false);
    let with = |value: String| {
        let mut headers = HeaderMap::new();
        let pair = format!("{name}={value}");
        headers.append(header::COOKIE, pair.parse().expect("it is ASCII"));
        headers
    };
    let text = set.to_str().expect("it is ASCII");
    let value = text[name.len() + 1..].split(';').next().expect("a value");
    assert_eq!(ours.read(&with(value.to_owned()), 7), Some(ours.id("a")));
    for index in 0..value.len() {
        let mut changed = value.as_bytes().to_vec();
        changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("it is ASCII");
        assert_eq!(ours.read(&with(changed), 7), None, "{index}");
    }
    for other in ["", "x", &value[1..], &format!("{value}A")] {
        assert_eq!(ours.read(&with(other.to_owned()), 7), None, "{other}");
    }
    let cookie = StickyCookie::new().name(&name).expect("a token");
    let theirs = sticky(cookie, "other");
    assert_eq!(theirs.read(&with(value.to_owned()), 7), None);
    assert_ne!(theirs.id("a"), ours.id("a"));
}

#[test]
fn attributes_are_what_was_asked_for() {
    let text = |cookie: StickyCookie, https| {
        let sticky = sticky(cookie, "shop");
        let set = sticky.issue(sticky.id("a"), 0, https);
        let text = set.to_str().expect("it is ASCII");
        text.split_once(';').expect("attributes").1.to_owned()
    };
    let new = StickyCookie::new;
    assert_eq!(text(new(), true), " Path=/; HttpOnly; SameSite=Lax; Secure");
    assert!(!text(new().secure(false), true).contains("Secure"));
    assert!(text(new().same_site(SameSite::None), false).ends_with("=None; Secure"));
    let path = new().path("/shop").expect("a path");
    assert!(
        text(path.same_site(SameSite::Strict), false)
            .contains("Path=/shop; HttpOnly; SameSite=Strict")
    );
    assert_eq!(new().name("a b").err(), Some(StickyError::Name));
    assert_eq!(new().path("/;x").err(), Some(StickyError::Path));
    assert_eq!(new().key(b"short").err(), Some(StickyError::Key));
}

#[test]
fn the_key_of_the_process_is_one() {
    let [a, b] = [(); 2].map(|()| Sticky::new(&StickyCookie::new(), "shop").id("a"));
    assert_eq!(a, b);
}
