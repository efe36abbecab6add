//! What is shown for a signature and is none.

use serde_json::json;

use super::{
    attacks::{accepted, honest, layer, refuses, with},
    keys,
    support::{sign, unsigned},
};
use crate::jwt::Algorithm;

#[tokio::test]
async fn algorithm_none() {
    let spellings = ["none", "None", "NONE", "nOnE", "noNe", "none ", ""];
    let tokens = spellings.into_iter().flat_map(|name| {
        let signed = unsigned(name, &json!({}), &json!({}));
        let borrowed = honest().rsplit_once('.').unwrap().1.to_owned();
        [
            format!("{signed}."),
            format!("{signed}.{borrowed}"),
            signed.clone(),
            with(&signed, [0; 256]),
        ]
    });
    refuses(&layer(), tokens).await;
}

#[tokio::test]
async fn null_and_missing_signatures() {
    let names = ["RS256", "PS256", "ES256", "EdDSA", "HS256"];
    let tokens = names.into_iter().flat_map(|name| {
        let signed = unsigned(name, &json!({}), &json!({}));
        [
            format!("{signed}."),
            with(&signed, []),
            with(&signed, [0]),
            with(&signed, [0; 64]),
            with(&signed, [0; 256]),
        ]
    });
    refuses(&layer(), tokens).await;
}

#[tokio::test]
async fn the_psychic_signature() {
    let signed = unsigned("ES256", &json!({"kid": "ec"}), &json!({}));
    // The order of P-256: r = s = n is zero in another coat.
    let order = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
    let order: Vec<u8> = (0..32)
        .map(|at| u8::from_str_radix(&order[at * 2..at * 2 + 2], 16).unwrap())
        .collect();
    let one = [&[0; 31][..], &[1]].concat();
    let der_zero = [0x30, 6, 2, 1, 0, 2, 1, 0];
    let tokens = [
        with(&signed, [0; 64]),
        with(&signed, [order.clone(), order.clone()].concat()),
        with(&signed, [vec![0; 32], one.clone()].concat()),
        with(&signed, [one.clone(), vec![0; 32]].concat()),
        with(&signed, [order, one].concat()),
        with(&signed, der_zero),
    ];
    refuses(&layer(), tokens).await;
}

#[tokio::test]
async fn every_changed_byte() {
    let layer = layer();
    let token = sign(
        Algorithm::ES256,
        keys::EC1,
        &json!({"kid": "ec"}),
        &json!({}),
    );
    assert!(accepted(&layer, &token).await);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for at in 0..token.len() {
        let (head, tail) = token.split_at(at);
        let old = tail.chars().next().unwrap();
        // The neighbour in the alphabet differs in the last bit: of the last character of a part,
        // that is a bit which no byte has.
        let new = match alphabet.find(old) {
            Some(place) => alphabet.as_bytes()[place ^ 1],
            None => b'A',
        };
        let changed = format!("{head}{}{}", char::from(new), &tail[1..]);
        assert!(!accepted(&layer, &changed).await, "byte {at}");
        let shortened = format!("{head}{}", &tail[1..]);
        assert!(!accepted(&layer, &shortened).await, "without byte {at}");
    }
}

#[tokio::test]
async fn other_spellings_of_a_good_token() {
    let good = honest();
    let [header, claims, sig] = [0, 1, 2].map(|at| good.split('.').nth(at).unwrap());
    let tokens = [
        format!("{good}="),
        format!("{good}=="),
        format!("{good}."),
        format!(".{good}"),
        format!("{header}=.{claims}.{sig}"),
        format!("{header}..{sig}"),
        format!("{header}.{claims}\t.{sig}"),
        good.replace('-', "+").replace('_', "/") + "+",
        format!("{header}.{claims}.{sig}.{header}.{claims}"),
        json!({"protected": header, "payload": claims, "signature": sig}).to_string(),
        good.to_uppercase(),
        format!("{good},{good}"),
        format!("{good} {good}"),
    ];
    refuses(&layer(), tokens).await;
}
