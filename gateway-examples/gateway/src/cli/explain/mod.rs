//! A dry run of one request: nothing is called and nothing is listened on.

mod conversation;
mod delivery;
mod forward;
mod probe;
mod report;
mod upstream;

use http::{HeaderName, HeaderValue, Request, header};

use self::probe::Verdict;
use super::{Console, Exit, args::ExplainArgs, check};

pub(super) fn run(args: &ExplainArgs, console: &mut Console<'_>) -> Exit {
    let request = match request(args) {
        Ok(request) => request,
        Err(error) => {
            console.error(error);
            return Exit::Usage;
        }
    };
    let loaded = match check::load(args.config(), console) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let verdict: Verdict = probe::choose(&loaded.config, &request);
    console.out(report::text(&loaded, &request, &verdict));
    console.out(forward::text(&loaded.config, &args.method, &args.url));
    Exit::Ok
}

/// The request as a listener would see it: the host in its header, the path alone in the URI.
fn request(args: &ExplainArgs) -> Result<Request<()>, String> {
    let mut request = Request::new(());
    *request.method_mut() = args.method.clone();
    let target = args
        .url
        .path_and_query()
        .map_or("/", http::uri::PathAndQuery::as_str);
    *request.uri_mut() = target.parse().map_err(|e| format!("`{target}`: {e}"))?;
    if let Some(authority) = args.url.authority() {
        let host = HeaderValue::from_str(authority.as_str()).map_err(|e| e.to_string())?;
        request.headers_mut().insert(header::HOST, host);
    }
    for text in &args.headers {
        let (name, value) = text
            .split_once(':')
            .ok_or_else(|| format!("`{text}` is not a header: write `Name: value`"))?;
        let name = HeaderName::from_bytes(name.trim().as_bytes())
            .map_err(|_| format!("`{}` is not a header name", name.trim()))?;
        let value = HeaderValue::from_str(value.trim())
            .map_err(|_| format!("the value of `{name}` is not a header value"))?;
        request.headers_mut().append(name, value);
    }
    Ok(request)
}
