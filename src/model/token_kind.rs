//! What a token's first letters say of it, and what each kind can't do.
//!
//! **Guarantees**: nothing of the token is kept. The beginnings are GitHub's ("Behind GitHub's new authentication token
//! formats"); what each kind can't do is from docs.github.com, "Permissions required for fine-grained personal access
//! tokens" and "Using Copilot to work on an issue".

/// A kind of token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenKind {
    /// `ghp_`: a personal access token, classic.
    Classic,
    /// `github_pat_`: a personal access token, fine-grained.
    FineGrained,
    /// `gho_`: of an OAuth app, such as `gh`.
    OAuth,
    /// `ghu_`: of a user, by a GitHub App.
    AppUser,
    /// `ghs_`: of an installation or of Actions: no user.
    Server,
    /// `ghr_`: it renews another one.
    Refresh,
    /// Anything else.
    #[default]
    Unknown,
}

impl TokenKind {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Classic, Self::FineGrained, Self::OAuth, Self::AppUser, Self::Server, Self::Refresh, Self::Unknown];

    /// The kind of a token.
    pub fn of(token: &str) -> Self {
        let begins = |kind: &Self| kind.prefix().is_some_and(|prefix| token.starts_with(prefix));
        Self::ALL.into_iter().find(begins).unwrap_or_default()
    }

    const fn prefix(self) -> Option<&'static str> {
        match self {
            Self::Classic => Some("ghp_"),
            Self::FineGrained => Some("github_pat_"),
            Self::OAuth => Some("gho_"),
            Self::AppUser => Some("ghu_"),
            Self::Server => Some("ghs_"),
            Self::Refresh => Some("ghr_"),
            Self::Unknown => None,
        }
    }

    /// Its name, with its article.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Classic => "a classic personal access token",
            Self::FineGrained => "a fine-grained personal access token",
            Self::OAuth => "a token of an OAuth app",
            Self::AppUser => "a user's token by a GitHub App",
            Self::Server => "a token of an installation or of Actions",
            Self::Refresh => "a refresh token",
            Self::Unknown => "a token of an unknown form",
        }
    }

    /// What it can't do of what is needed here.
    pub const fn lacks(self) -> Option<&'static str> {
        match self {
            Self::FineGrained => Some(
                "it can't read check runs: which check is red is not shown; their rolled-up state and the state that GitHub \
                 gives the pull request (mergeStateStatus) decide",
            ),
            Self::AppUser => Some("it ends eight hours after it was made"),
            Self::Server => Some("it is no user's: it can't assign the agent, nor take a pull request out of draft"),
            Self::Refresh => Some("it can do nothing but renew another token"),
            Self::Classic | Self::OAuth | Self::Unknown => None,
        }
    }

    /// Whether it can do the work at all.
    pub const fn works(self) -> bool {
        match self {
            Self::Server | Self::Refresh => false,
            Self::Classic | Self::FineGrained | Self::OAuth | Self::AppUser | Self::Unknown => true,
        }
    }

    /// What to look at when GitHub does not let it assign the agent: its kind, and what mends it.
    pub const fn for_assigning(self) -> &'static str {
        match self {
            Self::Classic => {
                "the token is a classic one, which needs the scope `repo`: https://github.com/settings/tokens; see orchestrator doctor"
            }
            Self::FineGrained => {
                "the token is a fine-grained one, which needs actions, contents, issues and pull requests, read and write: \
                 https://github.com/settings/personal-access-tokens; see orchestrator doctor"
            }
            Self::OAuth => {
                "the token is one of an OAuth app, which needs the scope `repo`: gh auth refresh --scopes repo; see orchestrator doctor"
            }
            Self::AppUser => {
                "the token is a user's by a GitHub App, which needs actions, contents, issues and pull requests, read and write; see orchestrator doctor"
            }
            Self::Server | Self::Refresh => {
                "the token is no user's, and only a user's can assign the agent: https://github.com/settings/personal-access-tokens/new"
            }
            Self::Unknown => "only a user's token can assign the agent; see orchestrator doctor",
        }
    }

    /// What to look at when GitHub does not let it write; nothing of a kind that nobody knows.
    pub const fn for_writing(self) -> Option<&'static str> {
        match self {
            Self::Classic | Self::FineGrained | Self::OAuth | Self::AppUser => Some(self.for_assigning()),
            Self::Server => Some(
                "the token is no user's: it can't take a pull request out of draft, and may do no more than its app; give a \
                 user's: https://github.com/settings/personal-access-tokens/new",
            ),
            Self::Refresh => Some(
                "the token can do nothing but renew another one; give a user's: \
                 https://github.com/settings/personal-access-tokens/new",
            ),
            Self::Unknown => None,
        }
    }
}
