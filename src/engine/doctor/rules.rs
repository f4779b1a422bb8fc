//! What will the rules of the mainline do to the moves of queue files and to merges? One finding a rule.

use super::{Facts, Finding, Verdict, finding};
use crate::model::{MainlineRule, MergeMethod, PolicyState, RuleKind};

const MOVED: &str = "queue files are moved by pushes";

/// What the findings have in common.
struct Told<'a> {
    branch: &'a str,
    /// Where the rules are changed.
    settings: String,
    /// The repository's own page.
    url: &'a str,
    /// How is merged, where merging is on.
    merging: Option<MergeMethod>,
    /// Whether a rule refuses every commit that comes without a pull request, signed or not.
    refused_anyway: bool,
}

/// Whether a rule refuses whatever we push, and what GitHub commits for us.
fn refuses_all(rule: &MainlineRule) -> bool {
    match &rule.kind {
        RuleKind::PullRequest { .. }
        | RuleKind::Checks { .. }
        | RuleKind::MergeQueue
        | RuleKind::Deployments(_)
        | RuleKind::Restricted => !rule.bypass,
        RuleKind::Signatures
        | RuleKind::Content(_)
        | RuleKind::Unknown(_)
        | RuleKind::LinearHistory
        | RuleKind::Gate(_)
        | RuleKind::Harmless => false,
    }
}

pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    let (rules, branch, forge) =
        match (facts.rules.known("rules"), facts.branch.known("rules"), facts.forge.known("rules")) {
            (Ok(rules), Ok(Some(branch)), Ok(forge)) => (rules, branch, forge),
            (Ok(_), Ok(None), _) => {
                return vec![finding("rules", Verdict::Skipped, "not asked: there is no mainline yet")];
            }
            (Err(finding), _, _) | (_, Err(finding), _) | (_, _, Err(finding)) => return vec![finding],
        };
    let url = forge.url.as_str();
    let (settings, refused_anyway) = (format!("{url}/settings/rules"), rules.rules.iter().any(refuses_all));
    let told = Told { branch, settings, url, merging: merging(facts), refused_anyway };
    let mut found: Vec<Finding> = Vec::new();
    for finding in rules.rules.iter().flat_map(|rule| told.of(rule)) {
        if !found.contains(&finding) {
            found.push(finding);
        }
    }
    if let Some(bypass) = &facts.bypassed {
        let evidence = format!("the newest push went past them, at {}: {}", bypass.at, bypass.words);
        found.push(finding("rules", Verdict::Warn, evidence).mended_by(told.bypass_list()));
    }
    if found.is_empty() {
        let unread = "; classic protection, if there is one, was not readable with this token";
        let unread = if rules.classic { "" } else { unread };
        found.push(finding("rules", Verdict::Pass, format!("none in the way on {branch}: {MOVED}{unread}")));
    }
    found
}

fn merging(facts: &Facts) -> Option<MergeMethod> {
    match facts.view.known("rules").ok().map(|view| &view.policy) {
        Some(PolicyState::Valid { policy }) if policy.merge.enabled => Some(policy.merge.method),
        Some(PolicyState::Valid { .. } | PolicyState::Missing | PolicyState::Invalid { .. }) | None => None,
    }
}

/// The line of the policy file that names another merge method.
pub(super) fn policy_line(method: MergeMethod) -> String {
    format!("write `method = \"{}\"` below `[merge]` in planning/orchestrator.toml", method.word())
}

impl Told<'_> {
    fn bypass_list(&self) -> String {
        format!("if that is not wanted, take the token's account off those who may bypass: {}", self.settings)
    }

    fn let_past(&self) -> String {
        format!("to have them moved, let the token's account bypass it: {}", self.settings)
    }

    /// What a rule does to a push of ours, and what it does to merges.
    fn of(&self, rule: &MainlineRule) -> Vec<Finding> {
        let mut found: Vec<Finding> = self.pushes(rule).into_iter().collect();
        found.extend(self.merges(&rule.kind));
        found
    }

    fn pushes(&self, rule: &MainlineRule) -> Option<Finding> {
        let branch = self.branch;
        let rule_says = match &rule.kind {
            RuleKind::PullRequest { .. } => format!("{branch} takes changes through pull requests only"),
            RuleKind::Signatures => format!("{branch} takes signed commits only"),
            RuleKind::Checks { .. } => format!("{branch} takes commits with green checks only"),
            RuleKind::MergeQueue => format!("{branch} takes what its merge queue merges only"),
            RuleKind::Deployments(_) => format!("{branch} takes commits that were deployed only"),
            RuleKind::Restricted => format!("{branch} takes changes of some accounts only"),
            RuleKind::Content(name) => format!("the rule {name} is about what is pushed"),
            RuleKind::Unknown(name) => format!("the rule {name} is not known to this program"),
            RuleKind::LinearHistory | RuleKind::Gate(_) | RuleKind::Harmless => return None,
        };
        if rule.bypass {
            let evidence =
                format!("{rule_says}, and this token may break that: moves are pushed past it, and each says so");
            return Some(finding("rules", Verdict::Warn, evidence).mended_by(self.bypass_list()));
        }
        Some(match &rule.kind {
            RuleKind::Signatures if self.refused_anyway => {
                let evidence =
                    format!("{rule_says}: GitHub could sign the moves, but another rule refuses them anyway");
                finding("rules", Verdict::Warn, evidence).mended_by(self.let_past())
            }
            RuleKind::Signatures => {
                let evidence = format!("{rule_says}: GitHub is asked to make the commit of each move, and signs it");
                finding("rules", Verdict::Pass, evidence)
            }
            RuleKind::Content(_) | RuleKind::Unknown(_) => {
                let evidence =
                    format!("{rule_says}: a move that it refuses is shown as not moved, and the loop goes on");
                finding("rules", Verdict::Warn, evidence).mended_by(format!("look at it: {}", self.settings))
            }
            RuleKind::PullRequest { .. }
            | RuleKind::LinearHistory
            | RuleKind::Checks { .. }
            | RuleKind::MergeQueue
            | RuleKind::Deployments(_)
            | RuleKind::Restricted
            | RuleKind::Gate(_)
            | RuleKind::Harmless => {
                let evidence =
                    format!("{rule_says}: moves of queue files are shown as not moved, and the loop goes on");
                finding("rules", Verdict::Warn, evidence).mended_by(self.let_past())
            }
        })
    }

    fn merges(&self, kind: &RuleKind) -> Vec<Finding> {
        let Some(method) = self.merging else { return Vec::new() };
        let warn = |evidence: String, mend: String| finding("rules", Verdict::Warn, evidence).mended_by(mend);
        let refused = |evidence: String, other| finding("rules", Verdict::Fail, evidence).mended_by(policy_line(other));
        let settings = &self.settings;
        match kind {
            RuleKind::PullRequest { approvals, owners, threads, methods } => {
                let mut found = Vec::new();
                if *approvals > 0 || *owners {
                    let who = if *owners { ", an owner of the code among them" } else { "" };
                    let evidence = format!(
                        "{} approving review(s) are needed{who}: nothing is merged without a person",
                        approvals.max(&1)
                    );
                    found.push(warn(evidence, format!("approve each pull request, or change the rule: {settings}")));
                }
                if *threads {
                    let evidence = "an open review thread holds a merge up until a person resolves it".to_owned();
                    found.push(warn(evidence, format!("resolve them, or change the rule: {settings}")));
                }
                if let Some(other) = methods.first().filter(|_| !methods.contains(&method)) {
                    found.push(refused(format!("{} are not allowed on {}", method.merges(), self.branch), *other));
                }
                found
            }
            RuleKind::Signatures if method == MergeMethod::Rebase => {
                vec![refused(
                    "GitHub does not sign what it rebases, so rebase merges are refused".to_owned(),
                    MergeMethod::Squash,
                )]
            }
            RuleKind::LinearHistory if method == MergeMethod::Merge => {
                let evidence = format!("the history of {} has to be linear, so merge commits are refused", self.branch);
                vec![refused(evidence, MergeMethod::Squash)]
            }
            RuleKind::Checks { names, strict } => {
                let named = if names.is_empty() {
                    "required checks".to_owned()
                } else {
                    format!("required checks: {}", names.join(", "))
                };
                let strict = if *strict { ", and its head must contain the tip of the mainline" } else { "" };
                vec![finding(
                    "rules",
                    Verdict::Pass,
                    format!("{named}; a pull request is merged when they are green{strict}"),
                )]
            }
            RuleKind::MergeQueue => {
                let evidence = "a merge queue merges: merges by this program are refused, and each pull request waits for a person to queue it";
                vec![warn(
                    evidence.to_owned(),
                    format!("queue them: {}/queue/{}; or change the rule: {settings}", self.url, self.branch),
                )]
            }
            RuleKind::Deployments(names) => {
                let evidence = format!("deployments to {} have to succeed before a merge", names.join(", "));
                vec![warn(evidence, format!("see that they run for pull requests, or change the rule: {settings}"))]
            }
            RuleKind::Restricted => {
                let evidence = format!("only some accounts may change {}: merges of others are refused", self.branch);
                vec![warn(evidence, format!("let the token's account be one of them: {settings}"))]
            }
            RuleKind::Gate(name) => {
                let evidence = format!("the rule {name} has to be met before a merge");
                vec![warn(evidence, format!("see that it is met for pull requests of the agent: {settings}"))]
            }
            RuleKind::Signatures
            | RuleKind::LinearHistory
            | RuleKind::Content(_)
            | RuleKind::Harmless
            | RuleKind::Unknown(_) => Vec::new(),
        }
    }
}
