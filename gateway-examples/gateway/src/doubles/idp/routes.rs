//! The provider's endpoints.

use axum::Json;
use axum::Router;
use axum::extract::Query;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use http::HeaderMap;
use http::StatusCode;
use http::Uri;
use http::header::ACCEPT;
use http::header::CACHE_CONTROL;
use jsonwebtoken::Algorithm;
use serde_json::Value;
use serde_json::json;

use super::claims;
use super::server::IdpServer;
use super::server::now;

pub(super) fn routes(idp: IdpServer) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/jwks", get(jwks))
        .route("/token", post(token))
        .route("/rotate", post(rotate))
        .route("/retire", post(retire))
        .with_state(idp)
}

async fn discovery(State(idp): State<IdpServer>) -> Json<Value> {
    let issuer = idp.issuer();
    Json(json!({
        "issuer": issuer,
        "jwks_uri": idp.jwks_uri(),
        "token_endpoint": format!("{issuer}/token"),
        "authorization_endpoint": format!("{issuer}/authorize"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "grant_types_supported": ["client_credentials"],
    }))
}

async fn jwks(State(idp): State<IdpServer>) -> Response {
    ([(CACHE_CONTROL, "public, max-age=300")], Json(idp.jwks())).into_response()
}

async fn token(State(idp): State<IdpServer>, headers: HeaderMap, form: String) -> Response {
    let minted = fields(&form).and_then(|fields| {
        let algorithm = match field(&fields, "alg") {
            None | Some("RS256") => Algorithm::RS256,
            Some("ES256") => Algorithm::ES256,
            Some(other) => return Err(format!("alg `{other}` is neither RS256 nor ES256")),
        };
        let claims = claims::from_form(&fields, now())?;
        Ok((idp.mint_with(algorithm, &claims), fields))
    });
    let (token, fields) = match minted {
        Ok(minted) => minted,
        Err(why) => {
            let error = json!({ "error": "invalid_request", "error_description": why });
            return (StatusCode::BAD_REQUEST, Json(error)).into_response();
        }
    };
    let accepts = headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if accepts.contains("json") || field(&fields, "grant_type").is_some() {
        let ttl: i64 = field(&fields, "ttl")
            .and_then(|ttl| ttl.parse().ok())
            .unwrap_or(3600);
        let scope = field(&fields, "scope");
        let answer = json!({
            "access_token": token, "token_type": "Bearer", "expires_in": ttl, "scope": scope,
        });
        return ([(CACHE_CONTROL, "no-store")], Json(answer)).into_response();
    }
    ([(CACHE_CONTROL, "no-store")], token).into_response()
}

async fn rotate(State(idp): State<IdpServer>) -> StatusCode {
    idp.rotate();
    StatusCode::NO_CONTENT
}

async fn retire(State(idp): State<IdpServer>) -> StatusCode {
    idp.retire();
    StatusCode::NO_CONTENT
}

/// A form is written as a query is.
fn fields(form: &str) -> Result<Vec<(String, String)>, String> {
    let unreadable = "the body is not a form".to_owned();
    let uri: Uri = format!("/?{}", form.trim())
        .parse()
        .map_err(|_| unreadable.clone())?;
    let Query(fields) = Query::try_from_uri(&uri).map_err(|_| unreadable)?;
    Ok(fields)
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields
        .iter()
        .find(|(field, _)| field == name)
        .map(|(_, value)| value.as_str())
}
