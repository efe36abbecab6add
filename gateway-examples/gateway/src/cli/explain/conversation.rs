use gateway_ai::{clients::Keeping, config::AiConfig, dialect::Dialect};
use http::Request;

/// Who calls a model, and what is held on to for its conversations.
pub(super) fn rows(rows: &mut Vec<[String; 2]>, ai: &AiConfig, request: &Request<()>) {
    let Ok(profiles) = ai.profiles() else { return };
    let dialect = if request.uri().path().ends_with("/messages") {
        Dialect::Messages
    } else {
        Dialect::Chat
    };
    let profile = profiles.of(request.headers(), dialect);
    let keeping = match profile.keeping() {
        _ if !ai.keeper.enabled => "not kept",
        Keeping::InBand => "in band",
        Keeping::Off => "not kept",
        _ => "kept",
    };
    let comments = if profile.has_comments() {
        "comments in streams"
    } else {
        "no comments in streams"
    };
    let text = format!("{}: proofs {keeping}, {comments}", profile.client());
    rows.push(["client".to_owned(), text]);
    let text = if ai.guardian.enabled {
        "turns of a conversation to one account"
    } else {
        "accounts by turns"
    };
    rows.push(["accounts".to_owned(), text.to_owned()]);
    let keepers: Vec<&str> = ai.files.iter().map(String::as_str).collect();
    if !keepers.is_empty() {
        rows.push(["files".to_owned(), keepers.join(", ")]);
    }
    let limits = &ai.websocket;
    let text = format!(
        "closed after {} of silence or {} in all",
        limits.idle, limits.total
    );
    rows.push(["websocket".to_owned(), text]);
}
