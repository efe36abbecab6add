use gateway_core::{
    ErrorKind, GatewayError, Request,
    body::{CollectError, collect},
    config::{Named, Percent},
};
use gateway_layers::split::{WeightConfig, Weights, WeightsError};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// The route in `/admin/routes/{route}/split`.
pub(super) fn route_of(path: &str) -> Option<String> {
    let name = path
        .strip_prefix("/admin/routes/")?
        .strip_suffix("/split")?;
    if name.is_empty() || name.contains('/') {
        return None;
    }
    let name = percent_decode_str(name).decode_utf8().ok()?;
    Some(name.into_owned())
}

/// Tells the shares, after a POST those that it has set. They have an entity tag, and a change may
/// say with `If-Match` which it is a change of.
pub(super) async fn answer(
    weights: &Weights,
    request: Request,
) -> Result<(HeaderValue, Value), GatewayError> {
    if request.method() == Method::POST {
        let (parts, body) = request.into_parts();
        let read = collect(body, MAX_BODY).await.map_err(|error| {
            GatewayError::new(match error {
                CollectError::TooLarge { .. } => ErrorKind::BodyTooLarge,
                _ => ErrorKind::BadRequest,
            })
        })?;
        set(weights, &parts.headers, read.bytes())?;
    }
    Ok((tag_of(weights), shares(weights)))
}

fn set(weights: &Weights, headers: &HeaderMap, body: &[u8]) -> Result<(), GatewayError> {
    let wanted: Named<WeightConfig> = serde_json::from_slice(body)
        .map_err(|error| GatewayError::new(ErrorKind::InvalidBody).detail(error.to_string()))?;
    let targets = wanted.iter().map(|(name, weight)| (name, *weight));
    let numbers = WeightConfig::numbers(targets).map_err(unprocessable)?;
    let expected = headers.get(header::IF_MATCH).filter(|tag| *tag != "*");
    let changed = match expected {
        // Between this look and the change another may come, so the change looks again.
        Some(tag) if *tag != tag_of(weights) => Err(WeightsError::Changed),
        Some(_) => weights.set_if(weights.tag(), numbers),
        None => weights.set(numbers),
    };
    changed.map_err(|error| match error {
        WeightsError::Changed => GatewayError::new(ErrorKind::InvalidParameter)
            .status(StatusCode::PRECONDITION_FAILED)
            .detail(error.to_string()),
        error => unprocessable(error.to_string()),
    })?;
    tracing::info!(shares = %shares(weights), "split changed");
    Ok(())
}

fn unprocessable(detail: String) -> GatewayError {
    GatewayError::new(ErrorKind::InvalidParameter)
        .status(StatusCode::UNPROCESSABLE_ENTITY)
        .detail(detail)
}

/// The shares as they can be set again: percentages if they make up a whole.
pub(crate) fn shares(weights: &Weights) -> Value {
    let weights = weights.get();
    let total: u64 = weights.iter().map(|(_, weight)| u64::from(*weight)).sum();
    let share = |weight| match Percent::from_millionths(weight) {
        Some(share) if total == WHOLE => json!(share.to_string()),
        _ => json!(weight),
    };
    weights
        .iter()
        .map(|(name, weight)| (name.to_string(), share(*weight)))
        .collect()
}

fn tag_of(weights: &Weights) -> HeaderValue {
    HeaderValue::try_from(format!("\"{:016x}\"", weights.tag())).expect("digits in quotes")
}

const MAX_BODY: usize = 64 * 1024;
/// What percentages make up, in millionths.
const WHOLE: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use gateway_core::Body;

    use super::*;

    fn weights() -> Weights {
        Weights::new([("v1", 950_000), ("v2", 50_000)]).unwrap()
    }

    async fn post(weights: &Weights, body: &str, tag: Option<&HeaderValue>) -> (u16, String) {
        let mut request = Request::post("/")
            .body(Body::from(body.to_owned()))
            .unwrap();
        if let Some(tag) = tag {
            request.headers_mut().insert(header::IF_MATCH, tag.clone());
        }
        match answer(weights, request).await {
            Ok((_, shares)) => (200, shares.to_string()),
            Err(error) => (
                error.status_code().as_u16(),
                error.detail_str().unwrap_or_default().to_owned(),
            ),
        }
    }

    #[test]
    fn paths_name_routes() {
        assert_eq!(
            route_of("/admin/routes/a%20b/split").as_deref(),
            Some("a b")
        );
        for path in [
            "/admin/routes//split",
            "/admin/routes/a/b/split",
            "/admin/routes/a",
        ] {
            assert_eq!(route_of(path), None, "{path}");
        }
    }

    #[tokio::test]
    async fn shares_are_set_and_told() {
        let weights = weights();
        let (status, shares) = post(&weights, r#"{"v1": "50%", "v2": "50%"}"#, None).await;
        assert_eq!((status, &*shares), (200, r#"{"v1":"50%","v2":"50%"}"#));
        let (_, shares) = post(&weights, r#"{"v1": 0, "v2": 3}"#, None).await;
        assert_eq!(shares, r#"{"v1":0,"v2":3}"#);
    }

    #[tokio::test]
    async fn what_is_wrong_changes_nothing() {
        let weights = weights();
        for (body, status, part) in [
            ("{", 400, "EOF"),
            (r#"{"v1": "x"}"#, 400, "percentage"),
            (r#"{"v1": "50%"}"#, 422, "50%"),
            (r#"{"v1": "100%"}"#, 422, "`v2` has no weight"),
            (r#"{"v1": 1, "v3": 1}"#, 422, "`v3`"),
            (r#"{"v1": 0, "v2": 0}"#, 422, "above zero"),
        ] {
            let (got, detail) = post(&weights, body, None).await;
            assert_eq!(got, status, "{body}: {detail}");
            assert!(detail.contains(part), "{detail}");
        }
        assert_eq!(shares(&weights).to_string(), r#"{"v1":"95%","v2":"5%"}"#);
    }

    #[tokio::test]
    async fn a_change_of_what_is_no_longer_there_is_refused() {
        let weights = weights();
        let seen = tag_of(&weights);
        let body = r#"{"v1": "50%", "v2": "50%"}"#;
        assert_eq!(post(&weights, body, Some(&seen)).await.0, 200);
        assert_eq!(post(&weights, body, Some(&seen)).await.0, 412);
        let any = HeaderValue::from_static("*");
        assert_eq!(post(&weights, body, Some(&any)).await.0, 200);
    }
}
