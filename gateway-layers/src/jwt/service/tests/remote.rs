//! Keys that are fetched: when, how often, and what happens when they cannot be.

use std::{pin::pin, sync::Arc, time::Duration};

use futures_util::{future::join_all, poll};
use serde_json::json;
use tokio::time::{Instant, advance, sleep};

use super::{
    issuer::{Double, KEYS_URL, set},
    keys,
    support::{Caller, code, sign},
};
use crate::jwt::{Algorithm, Issuer, JwtLayer};

const MINUTE: Duration = Duration::from_secs(60);

fn token(kid: &str, key: &str) -> String {
    sign(Algorithm::ES256, key, &json!({"kid": kid}), &json!({}))
}

pub(super) async fn call(layer: &JwtLayer, token: &str) -> (u16, String) {
    let response = Caller::new(layer).bearer(token).call().await;
    let (status, code) = code(&response);
    (status, code.to_owned())
}

pub(super) fn ok() -> (u16, String) {
    (200, String::new())
}

fn invalid() -> (u16, String) {
    (401, "jwt_invalid".to_owned())
}

fn unavailable() -> (u16, String) {
    (503, "auth_unavailable".to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_herd_makes_one_fetch() {
    let double = Double::with_key("k1", keys::EC1_PUBLIC);
    let layer = double.layer(|builder| builder);
    assert!(!layer.is_ready());
    let token = token("k1", keys::EC1);
    let answers = join_all((0..200).map(|_| call(&layer, &token))).await;
    assert!(answers.iter().all(|answer| *answer == ok()));
    assert_eq!(double.asked(), 1);
    assert!(layer.is_ready());
}

#[tokio::test(start_paused = true)]
async fn who_began_the_fetch_may_leave() {
    let double = Double::with_key("k1", keys::EC1_PUBLIC);
    let layer = double.layer(|builder| builder);
    let token = token("k1", keys::EC1);
    let mut follower = pin!(call(&layer, &token));
    {
        let mut leader = pin!(call(&layer, &token));
        assert!(poll!(&mut leader).is_pending());
        assert!(poll!(&mut follower).is_pending());
    }
    assert_eq!(follower.await, ok());
    assert_eq!(double.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_everybody_left_is_driven_on_by_the_next() {
    let double = Double::with_key("k1", keys::EC1_PUBLIC);
    let layer = double.layer(|builder| builder);
    let token = token("k1", keys::EC1);
    {
        let mut alone = pin!(call(&layer, &token));
        assert!(poll!(&mut alone).is_pending());
    }
    assert_eq!(call(&layer, &token).await, ok());
    assert_eq!(double.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_was_left_for_long_is_begun_anew() {
    let double = Double::with_key("k1", keys::EC1_PUBLIC);
    let layer = double.layer(|builder| builder);
    let token = token("k1", keys::EC1);
    {
        let mut alone = pin!(call(&layer, &token));
        assert!(poll!(&mut alone).is_pending());
    }
    advance(Duration::from_secs(6)).await;
    assert_eq!(call(&layer, &token).await, ok());
    assert_eq!(double.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn made_up_key_ids_make_one_fetch_in_ten_seconds() {
    let double = Double::with_key("k1", keys::EC1_PUBLIC);
    let layer = double.layer(|builder| builder);
    assert_eq!(call(&layer, &token("k1", keys::EC1)).await, ok());
    sleep(Duration::from_secs(11)).await;
    for minute in 1..=3 {
        for n in 0..100 {
            let made_up = token(&format!("fake-{minute}-{n}"), keys::EC2);
            assert_eq!(call(&layer, &made_up).await, invalid());
        }
        assert_eq!(double.asked(), 1 + minute);
        sleep(Duration::from_secs(10)).await;
    }
    assert_eq!(call(&layer, &token("k1", keys::EC1)).await, ok());
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_found_and_a_removed_one_forgotten() {
    let double = Double::with_key("k1", keys::EC1_PUBLIC);
    let layer = double.layer(|builder| builder);
    let (old, new) = (token("k1", keys::EC1), token("k2", keys::EC2));
    assert_eq!(call(&layer, &old).await, ok());
    sleep(Duration::from_secs(11)).await;
    double.edit(|script| script.body = set(&[("k2", keys::EC2_PUBLIC)]));
    // Still remembered: nothing has said otherwise.
    assert_eq!(call(&layer, &old).await, ok());
    assert_eq!(call(&layer, &new).await, ok());
    assert_eq!(
        call(&layer, &old).await,
        invalid(),
        "the memory is of the old keys"
    );
    assert_eq!(double.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn keys_without_names_may_be_new_too() {
    let nameless = |pem| {
        let mut key = super::issuer::jwk("", pem);
        key.as_object_mut().unwrap().remove("kid");
        json!({"keys": [key]}).to_string()
    };
    let double = Double::new(nameless(keys::EC1_PUBLIC));
    let layer = double.layer(|builder| builder);
    let old = sign(Algorithm::ES256, keys::EC1, &json!({}), &json!({}));
    assert_eq!(call(&layer, &old).await, ok());
    double.edit(|script| script.body = nameless(keys::EC2_PUBLIC));
    let new = sign(Algorithm::ES256, keys::EC2, &json!({}), &json!({}));
    assert_eq!(call(&layer, &new).await, invalid(), "within the cooldown");
    sleep(Duration::from_secs(11)).await;
    assert_eq!(call(&layer, &new).await, ok());
}

#[tokio::test(start_paused = true)]
async fn keys_are_refreshed_beside_the_requests() {
    let double = Double::with_key("k1", keys::EC1_PUBLIC);
    let layer = double.layer(|builder| builder);
    let (old, new) = (token("k1", keys::EC1), token("k2", keys::EC2));
    assert_eq!(call(&layer, &old).await, ok());
    double.edit(|script| {
        script.body = set(&[("k1", keys::EC1_PUBLIC), ("k2", keys::EC2_PUBLIC)]);
        script.delay = Duration::from_secs(2);
    });
    sleep(9 * MINUTE).await;
    assert_eq!(call(&layer, &old).await, ok());
    assert_eq!(double.asked(), 1, "max-age is 10 minutes");
    sleep(2 * MINUTE).await;
    let start = Instant::now();
    assert_eq!(call(&layer, &old).await, ok());
    assert_eq!(
        start.elapsed(),
        Duration::ZERO,
        "nobody waits for a refresh"
    );
    sleep(Duration::from_secs(3)).await;
    assert_eq!(double.asked(), 2);
    assert_eq!(call(&layer, &new).await, ok());
    assert_eq!(double.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn old_keys_work_for_a_day_when_the_issuer_is_down() {
    let double = Double::with_key("k1", keys::EC1_PUBLIC);
    let layer = double.layer(|builder| builder);
    let known = token("k1", keys::EC1);
    assert_eq!(call(&layer, &known).await, ok());
    double.edit(|script| script.down = true);
    for _ in 0..24 {
        sleep(60 * MINUTE).await;
        assert_eq!(call(&layer, &known).await, ok());
        sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(double.asked(), 25, "one attempt each time, none in between");
    sleep(11 * MINUTE).await;
    assert_eq!(call(&layer, &known).await, unavailable());
    double.edit(|script| script.down = false);
    sleep(Duration::from_secs(10)).await;
    assert_eq!(call(&layer, &known).await, ok());
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_no_keys_are_an_outage() {
    let good = set(&[("k1", keys::EC1_PUBLIC)]);
    let huge = format!("{}{}", good, " ".repeat(2 << 20));
    for (status, body) in [
        (500, good.as_str()),
        (404, good.as_str()),
        (302, good.as_str()),
        (204, ""),
        (200, "<html>down for maintenance</html>"),
        (200, "{}"),
        (200, ""),
        (200, huge.as_str()),
    ] {
        let double = Double::new(body);
        double.edit(|script| script.status = status);
        let layer = double.layer(|builder| builder);
        let known = token("k1", keys::EC1);
        assert_eq!(call(&layer, &known).await, unavailable(), "{status}");
        assert_eq!(call(&layer, &known).await, unavailable());
        assert_eq!(double.asked(), 1, "the second is told at once");
        double.edit(|script| (script.status, script.body) = (200, good.clone()));
        sleep(Duration::from_secs(10)).await;
        assert_eq!(call(&layer, &known).await, ok());
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_says_when_to_come_back() {
    let double = Double::new("<html>");
    let layer = double.layer(|builder| builder);
    let known = token("k1", keys::EC1);
    call(&layer, &known).await;
    advance(Duration::from_secs(3)).await;
    let response = Caller::new(&layer).bearer(&known).call().await;
    assert_eq!(response.headers()["retry-after"], "7");
}

#[tokio::test(start_paused = true)]
async fn a_silent_issuer_is_not_waited_for() {
    let double = Double::with_key("k1", keys::EC1_PUBLIC);
    double.edit(|script| script.delay = 60 * MINUTE);
    let layer = double.layer(|builder| builder);
    let start = Instant::now();
    assert_eq!(call(&layer, &token("k1", keys::EC1)).await, unavailable());
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_trusts_no_key_revokes_all() {
    let double = Double::with_key("k1", keys::EC1_PUBLIC);
    let layer = double.layer(|builder| builder);
    let known = token("k1", keys::EC1);
    assert_eq!(call(&layer, &known).await, ok());
    double.edit(|script| script.body = set(&[]));
    sleep(11 * MINUTE).await;
    assert_eq!(call(&layer, &known).await, ok(), "the refresh begins");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(call(&layer, &known).await, invalid());
}

#[tokio::test(start_paused = true)]
async fn discovery_leads_to_the_keys() {
    let double = Double::with_key("k1", keys::EC1_PUBLIC);
    let issuer = Issuer::oidc("https://id.example.com").audience("api");
    let layer = JwtLayer::builder(issuer)
        .client(double.clone())
        .build()
        .unwrap();
    layer.ready().await.unwrap();
    assert!(layer.is_ready());
    let asked = double.script.lock().unwrap().asked.clone();
    let first = "https://id.example.com/.well-known/openid-configuration";
    assert_eq!(asked, [first, KEYS_URL]);
    assert_eq!(call(&layer, &token("k1", keys::EC1)).await, ok());
    assert_eq!(double.asked(), 2);
}

#[tokio::test]
async fn the_default_client_fetches_from_this_machine() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let body = set(&[("k1", keys::EC1_PUBLIC)]);
    let app = axum::Router::new().route("/keys", axum::routing::get(|| async move { body }));
    let mut server = tokio::task::JoinSet::new();
    server.spawn(async move { axum::serve(listener, app).await });
    let issuer = Issuer::jwks("https://id.example.com", &url).audience("api");
    let layer = JwtLayer::builder(issuer).build().unwrap();
    assert_eq!(call(&layer, &token("k1", keys::EC1)).await, ok());
}

#[tokio::test(start_paused = true)]
async fn readiness_tells_why_not() {
    let double = Double::new("<html>");
    let layer = double.layer(|builder| builder);
    let error = layer.ready().await.unwrap_err();
    assert_eq!(error.to_string(), "the issuer's keys are malformed");
    assert!(layer.ready().await.is_err());
    assert_eq!(double.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_layer_leaves_no_task() {
    let double = Double::with_key("k1", keys::EC1_PUBLIC);
    let layer = double.layer(|builder| builder);
    let known = token("k1", keys::EC1);
    assert_eq!(call(&layer, &known).await, ok());
    double.edit(|script| script.delay = Duration::from_secs(4));
    sleep(11 * MINUTE).await;
    assert_eq!(call(&layer, &known).await, ok());
    sleep(Duration::from_millis(1)).await;
    assert_eq!(double.asked(), 2, "a refresh is under way");
    drop(layer);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(Arc::strong_count(&double.script), 1);
}
