//! `--oauth`: the inline hook's other channel, where Okta fetches an access token for each call.
//!
//! The client secret comes as `env:NAME` or `file:PATH`; written out on the command line every process could read it.

use clap::{Args as ClapArgs, ValueEnum};

use super::super::given;
use crate::okta::inline_hooks::{HookAuth, HookClient};
use crate::secret::Secret;

/// How Okta proves itself to the token endpoint, as its API names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Method {
    /// With a secret that both know
    #[value(name = "client_secret_post")]
    ClientSecretPost,
    /// With a key that Okta holds
    #[value(name = "private_key_jwt")]
    PrivateKeyJwt,
}

#[derive(Debug, ClapArgs)]
pub(super) struct OauthArgs {
    /// Let Okta send an access token instead of a header's secret
    #[arg(long, value_name = "METHOD", requires_all = ["oauth_client_id", "oauth_token_url", "oauth_scope"])]
    oauth: Option<Method>,
    /// The client that Okta is to the authorization server
    #[arg(long, value_name = "ID", requires = "oauth")]
    oauth_client_id: Option<String>,
    /// Where Okta fetches the token
    #[arg(long, value_name = "URL", requires = "oauth")]
    oauth_token_url: Option<String>,
    /// The scope that Okta asks for
    #[arg(long, value_name = "SCOPE", requires = "oauth")]
    oauth_scope: Option<String>,
    /// The client's secret, as `env:NAME` or `file:PATH`, for `client_secret_post`
    #[arg(long, value_name = "SECRET", requires = "oauth")]
    oauth_secret: Option<String>,
    /// The id of the hook key in the org, for `private_key_jwt`
    #[arg(long, value_name = "ID", requires = "oauth")]
    oauth_hook_key: Option<String>,
}

impl OauthArgs {
    /// What Okta shall be told; nothing where a header is meant. What is missing, or must not be there, in words.
    pub(super) fn auth(&self) -> Result<Option<HookAuth>, String> {
        let (Some(method), Some(client_id), Some(token_url), Some(scope)) =
            (self.oauth, &self.oauth_client_id, &self.oauth_token_url, &self.oauth_scope)
        else {
            return Ok(None);
        };
        if !token_url.starts_with("https://") && !token_url.starts_with("http://127.0.0.1:") {
            return Err("--oauth-token-url must begin with https://".to_owned());
        }
        let client = match (method, &self.oauth_secret, &self.oauth_hook_key) {
            (Method::ClientSecretPost, Some(secret), None) => HookClient::Secret(elsewhere(secret)?),
            (Method::PrivateKeyJwt, None, Some(key)) => HookClient::PrivateKey(key.clone()),
            (Method::ClientSecretPost, _, _) => {
                return Err(
                    "--oauth client_secret_post takes --oauth-secret, and no --oauth-hook-key".to_owned()
                );
            }
            (Method::PrivateKeyJwt, _, _) => {
                return Err(
                    "--oauth private_key_jwt takes --oauth-hook-key, and no --oauth-secret".to_owned()
                );
            }
        };
        let (client_id, token_url, scope) = (client_id.clone(), token_url.clone(), scope.clone());
        Ok(Some(HookAuth::OAuth { client_id, token_url, scope, client }))
    }
}

/// A secret that stands elsewhere. One that stands on the command line is not repeated in what is said of it.
fn elsewhere(text: &str) -> Result<Secret, String> {
    if !text.starts_with("env:") && !text.starts_with("file:") {
        let why =
            "--oauth-secret must be env:NAME or file:PATH: what is written out here, every process can read";
        return Err(why.to_owned());
    }
    let secret = given::secret(text).map_err(|problem| format!("--oauth-secret: {problem}"))?;
    if secret.is_empty() {
        return Err("--oauth-secret: it is empty".to_owned());
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(method: Method, secret: Option<&str>, key: Option<&str>) -> OauthArgs {
        OauthArgs {
            oauth: Some(method),
            oauth_client_id: Some("0oa1".to_owned()),
            oauth_token_url: Some("https://example.okta.com/oauth2/default/v1/token".to_owned()),
            oauth_scope: Some("hook".to_owned()),
            oauth_secret: secret.map(str::to_owned),
            oauth_hook_key: key.map(str::to_owned),
        }
    }

    #[test]
    fn each_method_takes_its_own_proof_and_no_secret_from_the_command_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "canary\n").unwrap();
        let by_file = format!("file:{}", file.path().display());
        let made = args(Method::ClientSecretPost, Some(&by_file), None).auth().unwrap();
        let Some(HookAuth::OAuth { client: HookClient::Secret(secret), .. }) = made else {
            panic!("a secret")
        };
        assert!(secret.matches(b"canary"));
        let made = args(Method::PrivateKeyJwt, None, Some("HKY1")).auth().unwrap();
        assert!(
            matches!(made, Some(HookAuth::OAuth { client: HookClient::PrivateKey(key), .. }) if key == "HKY1")
        );
        for (wrong, part) in [
            (args(Method::ClientSecretPost, Some("canary"), None), "env:NAME"),
            (args(Method::ClientSecretPost, None, None), "--oauth-secret"),
            (args(Method::ClientSecretPost, Some(&by_file), Some("HKY1")), "no --oauth-hook-key"),
            (args(Method::PrivateKeyJwt, Some(&by_file), None), "--oauth-hook-key"),
            (args(Method::ClientSecretPost, Some("file:/does/not/exist"), None), "cannot be read"),
        ] {
            let problem = wrong.auth().unwrap_err();
            assert!(problem.contains(part) && !problem.contains("canary"), "{problem}");
        }
    }
}
