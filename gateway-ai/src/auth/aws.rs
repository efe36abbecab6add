use std::fmt;

/// An AWS access key and the region it is used in.
///
/// Its requests carry AWS Signature Version 4, over the bytes that are sent.
#[derive(Clone)]
#[cfg_attr(
    not(feature = "bedrock"),
    expect(dead_code, reason = "only signatures read the key")
)]
pub struct AwsCredentials {
    region: String,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
}

impl AwsCredentials {
    /// A permanent access key.
    #[must_use]
    pub fn new(
        region: impl Into<String>,
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
    ) -> Self {
        Self {
            region: region.into(),
            access_key_id: access_key_id.into(),
            secret_access_key: secret_access_key.into(),
            session_token: None,
        }
    }

    /// The token of a temporary access key.
    #[must_use]
    pub fn session_token(mut self, token: impl Into<String>) -> Self {
        self.session_token = Some(token.into()).filter(|token| !token.is_empty());
        self
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }
}

impl fmt::Debug for AwsCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsCredentials")
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "bedrock")]
pub(super) use signing::Signer;

#[cfg(feature = "bedrock")]
mod signing {
    use std::time::SystemTime;

    use aws_credential_types::Credentials;
    use aws_sigv4::{
        http_request::{SignableBody, SignableRequest, SigningSettings, sign},
        sign::v4,
    };
    use bytes::Bytes;
    use gateway_core::BoxError;
    use http::{Request, header};

    use super::AwsCredentials;

    /// Signs requests for one service.
    #[derive(Debug)]
    pub(in crate::auth) struct Signer {
        service: &'static str,
        region: String,
        identity: Credentials,
    }

    impl Signer {
        pub(in crate::auth) fn new(account: &AwsCredentials, service: &'static str) -> Self {
            let identity = Credentials::new(
                account.access_key_id.as_str(),
                account.secret_access_key.as_str(),
                account.session_token.clone(),
                None,
                "gateway",
            );
            Self {
                service,
                region: account.region.clone(),
                identity,
            }
        }

        /// Adds the signature. Signed are method, URL, body, `host`, `content-type` and the `x-amz-*`
        /// headers: what a proxy on the way may touch is left out.
        pub(in crate::auth) fn sign<B>(
            &self,
            request: &mut Request<B>,
            body: &Bytes,
            now: SystemTime,
        ) -> Result<(), BoxError> {
            let identity = self.identity.clone().into();
            let params = v4::SigningParams::builder()
                .identity(&identity)
                .region(&self.region)
                .name(self.service)
                .time(now)
                .settings(SigningSettings::default())
                .build()?
                .into();
            let uri = request.uri().to_string();
            let media = request
                .headers()
                .get(header::CONTENT_TYPE)
                .and_then(|value| Some(("content-type", value.to_str().ok()?)));
            let signable = SignableRequest::new(
                request.method().as_str(),
                uri.as_str(),
                media.into_iter(),
                SignableBody::Bytes(body),
            )?;
            let (instructions, _) = sign(signable, &params)?.into_parts();
            instructions.apply_to_request_http1x(request);
            for name in ["authorization", "x-amz-security-token"] {
                if let Some(value) = request.headers_mut().get_mut(name) {
                    value.set_sensitive(true);
                }
            }
            Ok(())
        }
    }
}

#[cfg(all(test, feature = "bedrock"))]
mod tests {
    use std::time::{Duration, SystemTime};

    use bytes::Bytes;
    use http::{Method, Request};

    use super::{AwsCredentials, Signer};

    /// The access key, date and service of AWS's published test suite.
    fn signed(
        method: Method,
        uri: &str,
        media: Option<&str>,
        body: &'static str,
        token: Option<&str>,
    ) -> http::HeaderMap {
        let mut account = AwsCredentials::new(
            "us-east-1",
            "AKIDEXAMPLE",
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        );
        if let Some(token) = token {
            account = account.session_token(token);
        }
        let mut request = Request::builder().method(method).uri(uri);
        if let Some(media) = media {
            request = request.header("content-type", media);
        }
        let mut request = request
            .header("x-tenant", "not signed")
            .body(())
            .expect("a request");
        // 2015-08-30T12:36:00Z.
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160);
        Signer::new(&account, "service")
            .sign(&mut request, &Bytes::from_static(body.as_bytes()), now)
            .expect("a signature");
        request.headers().clone()
    }

    fn authorization(signed: &str, signature: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders={signed}, Signature={signature}"
        )
    }

    #[test]
    fn the_examples_aws_publishes() {
        let get = signed(
            Method::GET,
            "https://example.amazonaws.com/",
            None,
            "",
            None,
        );
        assert_eq!(
            get["authorization"],
            authorization(
                "host;x-amz-date",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
            )
        );
        assert_eq!(get["x-amz-date"], "20150830T123600Z");
        let post = signed(
            Method::POST,
            "https://example.amazonaws.com/",
            None,
            "",
            None,
        );
        assert_eq!(
            post["authorization"],
            authorization(
                "host;x-amz-date",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
            )
        );
        let form = signed(
            Method::POST,
            "https://example.amazonaws.com/",
            Some("application/x-www-form-urlencoded"),
            "Param1=value1",
            None,
        );
        assert_eq!(
            form["authorization"],
            authorization(
                "content-type;host;x-amz-date",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
            )
        );
    }

    #[test]
    fn a_temporary_key_sends_and_signs_its_token() {
        let with = |token| {
            signed(
                Method::POST,
                "https://bedrock-runtime.us-east-1.amazonaws.com/model/a%3A0/converse",
                Some("application/json"),
                "{}",
                token,
            )
        };
        let temporary = with(Some("token"));
        assert_eq!(temporary["x-amz-security-token"], "token");
        let text = temporary["authorization"].to_str().unwrap();
        assert!(text.contains("content-type;host;x-amz-date;x-amz-security-token"));
        assert!(temporary["authorization"].is_sensitive());
        assert_eq!(with(Some("")), with(None));
    }

    #[test]
    fn debug_shows_no_secret() {
        let account = AwsCredentials::new("eu-west-1", "AKID", "hunter2").session_token("hunter3");
        let shown = format!("{account:?} {:?}", Signer::new(&account, "bedrock"));
        assert!(!shown.contains("hunter"), "{shown}");
    }
}
