//! Addresses: what a git remote says about host and repository, and which API and git remote belong together.
//!
//! **Guarantees**: pure; an address with a password or of an unknown form is none.

use crate::model::RepositoryName;

/// GitHub's own API.
pub const GITHUB: &str = "https://api.github.com";

/// What a remote's address says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteAddress {
    /// Host and port, in lower case.
    pub host: String,
    /// Which repository.
    pub repository: RepositoryName,
    /// Whether it is reached without encryption.
    plain: bool,
}

impl RemoteAddress {
    /// Reads an address as git takes it: `https://…`, `ssh://…`, `git@host:owner/name.git`. A path, `git://` and anything
    /// that is not `owner/name` on a host is none.
    ///
    /// ```
    /// use orchestrator::config::address::RemoteAddress;
    /// let remote = RemoteAddress::parse("git@github.com:octo/sample.git").unwrap();
    /// assert_eq!((remote.host.as_str(), remote.repository.to_string()), ("github.com", "octo/sample".to_owned()));
    /// assert!(RemoteAddress::parse("../sample.git").is_none());
    /// ```
    pub fn parse(url: &str) -> Option<Self> {
        let (scheme, host, path) = match url.split_once("://") {
            Some((scheme, rest)) => {
                let (host, path) = rest.split_once('/')?;
                (scheme, host, path)
            }
            None => {
                let (host, path) = url.split_once(':').filter(|(host, _)| !host.contains('/'))?;
                ("ssh", host, path)
            }
        };
        let known = matches!(scheme, "https" | "http" | "ssh" | "git+ssh" | "ssh+git");
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host).to_ascii_lowercase();
        // The port of ssh says nothing about the API's.
        let ssh = !matches!(scheme, "https" | "http");
        let host = if ssh { host.split(':').next().unwrap_or_default().to_owned() } else { host };
        let host = if host == "ssh.github.com" { "github.com".to_owned() } else { host };
        let path = path.trim_matches('/');
        let repository = path.strip_suffix(".git").unwrap_or(path).parse().ok()?;
        (known && !host.is_empty()).then_some(Self { host, repository, plain: scheme == "http" })
    }

    /// The API that belongs to the host: GitHub's own, a tenant's of ghe.com, an enterprise server's, or, on this machine,
    /// the same server's. A host without a dot is a name in the user's ssh configuration, and says nothing.
    pub fn api_url(&self) -> Option<String> {
        match self.host.as_str() {
            "github.com" => Some(GITHUB.to_owned()),
            host if self.plain && is_loopback(host) => Some(format!("http://{host}")),
            host if self.plain || !host.contains('.') => None,
            host if is_tenant(host) => Some(format!("https://api.{host}")),
            host => Some(format!("https://{host}/api/v3")),
        }
    }
}

/// An address of http without the name and password that may stand in it: they would be seen in the list of processes.
/// The user of ssh is part of the address and stays.
pub fn without_password(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme @ ("https" | "http"), rest)) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            format!("{scheme}://{host}{path}")
        }
        Some(_) | None => url.to_owned(),
    }
}

/// Whether a host, with or without a port, is this machine.
pub fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.contains(']') { host } else { name });
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

/// Whether a host is a tenant's of GitHub Enterprise Cloud with data residency, whose API has a host of its own.
fn is_tenant(host: &str) -> bool {
    host.strip_suffix(".ghe.com").is_some_and(|name| !name.is_empty() && !name.contains('.'))
}

/// The git remote that belongs to an API, and its host.
pub fn git_url(api_url: &str, repository: &RepositoryName) -> Option<(String, String)> {
    let (scheme, rest) = api_url.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"))?;
    let host = rest.split('/').next().filter(|host| !host.is_empty() && !host.contains('@'))?;
    let tenant = host.strip_prefix("api.").filter(|host| is_tenant(host));
    let host = if api_url == GITHUB { "github.com" } else { tenant.unwrap_or(host) };
    Some((format!("{scheme}://{host}/{repository}.git"), host.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_says_which_host_which_repository_and_which_api() {
        for (url, host, api) in [
            ("https://github.com/octo/sample.git", "github.com", Some(GITHUB)),
            ("https://github.com/octo/sample", "github.com", Some(GITHUB)),
            ("https://someone@github.com/octo/sample/", "github.com", Some(GITHUB)),
            ("git@github.com:octo/sample.git", "github.com", Some(GITHUB)),
            ("ssh://git@ssh.github.com:443/octo/sample.git", "github.com", Some(GITHUB)),
            (
                "https://git.example.org:8443/octo/sample.git",
                "git.example.org:8443",
                Some("https://git.example.org:8443/api/v3"),
            ),
            ("ssh://git@git.example.org:2222/octo/sample", "git.example.org", Some("https://git.example.org/api/v3")),
            ("git@github-work:octo/sample.git", "github-work", None),
            ("http://git.example.org/octo/sample", "git.example.org", None),
            ("http://127.0.0.1:4000/octo/sample.git", "127.0.0.1:4000", Some("http://127.0.0.1:4000")),
            ("http://[::1]:4000/octo/sample.git", "[::1]:4000", Some("http://[::1]:4000")),
        ] {
            let remote = RemoteAddress::parse(url).unwrap_or_else(|| panic!("{url}"));
            assert_eq!((remote.host.as_str(), remote.api_url().as_deref()), (host, api), "{url}");
            assert_eq!(remote.repository.to_string(), "octo/sample", "{url}");
        }
    }

    #[test]
    fn an_api_says_which_git_remote_belongs_to_it_and_that_one_says_which_api() {
        let repository = "octo/sample".parse().expect("a name");
        for (api, remote, host) in [
            (GITHUB, "https://github.com/octo/sample.git", "github.com"),
            ("https://api.octo.ghe.com", "https://octo.ghe.com/octo/sample.git", "octo.ghe.com"),
            ("https://ghe.example/api/v3", "https://ghe.example/octo/sample.git", "ghe.example"),
            ("https://api.ghe.example/api/v3", "https://api.ghe.example/octo/sample.git", "api.ghe.example"),
            ("http://127.0.0.1:4000", "http://127.0.0.1:4000/octo/sample.git", "127.0.0.1:4000"),
        ] {
            assert_eq!(git_url(api, &repository), Some((remote.to_owned(), host.to_owned())), "{api}");
            let back = RemoteAddress::parse(remote).and_then(|remote| remote.api_url());
            assert_eq!(back.as_deref(), Some(api), "{remote}");
        }
    }

    #[test]
    fn a_password_never_stays_in_an_address() {
        for (url, plain) in [
            ("https://me:ghp_canary@github.com/octo/sample.git", "https://github.com/octo/sample.git"),
            ("https://me:ghp_canary@ghe.example", "https://ghe.example"),
            ("https://me@github.com/octo/sample", "https://github.com/octo/sample"),
            ("https://github.com/octo/s@mple", "https://github.com/octo/s@mple"),
            ("ssh://git@github.com/octo/sample", "ssh://git@github.com/octo/sample"),
            ("git@github.com:octo/sample", "git@github.com:octo/sample"),
        ] {
            assert_eq!(without_password(url), plain);
        }
    }

    #[test]
    fn what_is_no_repository_on_a_host_is_none() {
        for url in [
            "",
            "/srv/git/octo/sample.git",
            "../octo/sample",
            "file:///octo/sample",
            "git://h/octo/sample",
            "https://github.com/octo",
            "https://github.com/a/b/c",
            "C:\\git\\x",
            "https:///octo/sample",
        ] {
            assert_eq!(RemoteAddress::parse(url), None, "{url}");
        }
    }
}
