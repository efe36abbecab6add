use super::{Style, read};

#[test]
fn golden_all_findings_in_one_run() {
    let (config, findings) = read(
        r#"listen: 8080
port: 70000
routes:
  orders:
    to: orders
    layers:
      jwt: { audiance: orders-api, issuer: https://id.example.com }
      rate_limit: { rate: 600, mode: { queu: { max_wait: 2 } } }
  items:
    layers: { jwt: { audience: x, leeway: 30 } }
    balance: round-robin
token: hunter2
"#,
    );
    assert!(config.is_none());
    assert_eq!(
        findings.render(Style::Human),
        r#"error[GW1004]: wrong type for `listen`
  ┌─ gateway.yaml:1:9
1 │ listen: 8080
  │         ^^^^ expected a text, found the number 8080: put it in quotes

error[GW1006]: invalid value for `port`
  ┌─ gateway.yaml:2:7
2 │ port: 70000
  │       ^^^^^ expected a whole number from 0 to 65535, found the number 70000

error[GW1003]: unknown field `audiance` in layer `jwt`
  ┌─ gateway.yaml:7:14
7 │       jwt: { audiance: orders-api, issuer: https://id.example.com }
  │              ^^^^^^^^ did you mean `audience`?
  = unknown fields are errors, so a typo can never switch a check off
  = all fields: gateway schema layers.jwt

error[GW1006]: invalid value for `rate` in layer `rate_limit`
  ┌─ gateway.yaml:8:27
8 │       rate_limit: { rate: 600, mode: { queu: { max_wait: 2 } } }
  │                           ^^^ a rate needs a period: write `600/s`, `600/min` or `600/day`

error[GW1007]: unknown value `queu` for `mode` in layer `rate_limit`
  ┌─ gateway.yaml:8:40
8 │       rate_limit: { rate: 600, mode: { queu: { max_wait: 2 } } }
  │                                        ^^^^ did you mean `queue`?

error[GW1005]: missing field `to` in route `items`
  ┌─ gateway.yaml:9:3
9 │   items:
  │   ^^^^^ `to` is required here

error[GW1006]: invalid value for `leeway` in layer `jwt`
   ┌─ gateway.yaml:10:43
10 │     layers: { jwt: { audience: x, leeway: 30 } }
   │                                           ^^ a duration needs a unit: write `30s` or `30ms`

error[GW1007]: unknown value `round-robin` for `balance` in route `items`
   ┌─ gateway.yaml:11:14
11 │     balance: round-robin
   │              ^^^^^^^^^^^ did you mean `round_robin`?

warning[GW3101]: the secret `token` is written out
   ┌─ gateway.yaml:12:8
12 │ token: •••••••
   │        ^^^^^^^ refer to it: `${env:NAME}` or `${file:/path}`

8 errors, 1 warning · config not loaded
"#
    );
}
