use std::collections::BTreeMap;

use gateway_ai::error::{AiErrorKind, ErrorClass};
use http::{HeaderMap, StatusCode};

use super::load::{DIALECTS, endpoints, exchanges};

#[test]
fn every_recorded_error_has_a_class_and_comes_through() {
    for dialect in DIALECTS {
        let Some(found) = exchanges(endpoints(dialect)) else {
            return;
        };
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for exchange in found.iter().filter(|exchange| !exchange.is_ok()) {
            let status = StatusCode::from_u16(exchange.response.status).unwrap();
            let error = dialect.parse_error(status, &HeaderMap::new(), &exchange.response_body());
            assert_eq!(error.upstream_status(), Some(status), "{}", exchange.name());
            assert!(!error.message().is_empty(), "{}", exchange.name());
            let expected = match status.as_u16() {
                401 => Some(ErrorClass::AuthDeadKey),
                404 => Some(ErrorClass::RetryOther),
                500.. => Some(ErrorClass::RetrySame),
                _ => None,
            };
            if let Some(expected) = expected {
                assert_eq!(error.class(), expected, "{}: {error}", exchange.name());
            }
            *kinds
                .entry(format!("{status} {}", error.kind().as_str()))
                .or_default() += 1;
            for to in DIALECTS {
                let (printed, body) = to.print_error(&error);
                let again = to.parse_error(printed, &HeaderMap::new(), &body);
                assert_eq!(
                    again.message(),
                    error.client_message(),
                    "{}",
                    exchange.name()
                );
                if error.is_gateway_credential() {
                    assert!(printed.is_server_error(), "{}", exchange.name());
                    assert_eq!(again.kind(), AiErrorKind::Server);
                }
            }
        }
        eprintln!("{dialect}: recorded errors {kinds:?}");
    }
}
