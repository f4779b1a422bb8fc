//! REST: which path is which operation.
//!
//! Guarantees that an unknown path is `Not Found`, as on GitHub, and that the world is held only while an answer is
//! made, never while git runs.

mod actions;
mod issues;
mod pulls;
mod repository;
mod rules;
mod timeline;

use super::Site;
use super::answer::Answer;
use super::call::Call;
use super::json::View;
use crate::sim::git::Objects;
use crate::sim::hub::Trouble;
use crate::sim::world::{Refusal, World};

/// Answers a REST call.
pub(super) async fn answer(site: &Site<impl Objects>, call: &Call) -> Answer {
    let segments: Vec<&str> = call.path.iter().map(String::as_str).collect();
    if segments.first() == Some(&"repos") && !site.hub.world().may_see(call.account) {
        return Answer::not_found();
    }
    match segments.as_slice() {
        ["user"] if call.method == "GET" => {
            let world = site.hub.world();
            Answer::ok(&view(site, &world).viewer(call.account))
        }
        ["repos", owner, name, rest @ ..] if site.is_here(owner, name) => {
            in_repository(site, call, rest).await.unwrap_or_else(Answer::from)
        }
        ["repos", owner, name, rest @ ..] if site.renamed(owner, name).is_some() => {
            let id = site.hub.world().repository_id();
            super::moved(&format!("{}/repositories/{id}/{}", site.api_url, rest.join("/")), call)
        }
        _ => Answer::not_found(),
    }
}

/// Answers a call below `/repos/{owner}/{name}`.
async fn in_repository(site: &Site<impl Objects>, call: &Call, rest: &[&str]) -> Result<Answer, Trouble> {
    let number = |text: &str| text.parse::<u64>().map_err(|_| Trouble::from(Refusal::NotFound));
    let writes = !matches!(call.method.as_str(), "GET" | "HEAD");
    if writes && site.hub.world().settings.archived {
        return Err(Refusal::Forbidden("Repository was archived so is read-only.".to_owned()).into());
    }
    if let ["issues", n, behind @ ..] = rest
        && let Some(repository) = issues::transferred(site, n)
    {
        let behind = behind.iter().map(|part| format!("/{part}")).collect::<String>();
        return Ok(super::moved(&format!("{}/repos/{repository}/issues/{n}{behind}", site.api_url), call));
    }
    match (call.method.as_str(), rest) {
        ("GET", []) => Ok(repository::show(site, call)),
        ("GET", ["labels"]) => Ok(repository::labels(site, call)),
        ("POST", ["labels"]) => repository::create_label(site, call),
        ("GET", ["collaborators", login, "permission"]) => repository::permission(site, login),
        ("GET", ["assignees", login]) => Ok(repository::assignable(site, login)),
        ("GET", ["actions", "runs"]) => Ok(actions::runs(site, call)),
        ("POST", ["actions", "runs", id, "rerun"]) => actions::rerun(site, call, number(id)?),
        ("GET", ["rules", "branches", branch @ ..]) => Ok(rules::on_branch(site, call, &branch.join("/"))),
        ("GET", ["rulesets", n]) => rules::ruleset(site, call, number(n)?),
        ("GET", ["branches", branch, "protection"]) => rules::protection(site, call, branch),
        ("GET", ["copilot", "cloud-agent", "configuration"]) => rules::agent(site, call),
        ("GET", ["git", "ref", name @ ..]) => repository::reference(site, &name.join("/")),
        ("DELETE", ["git", "refs", "heads", branch @ ..]) => {
            repository::delete_branch(site, call, &branch.join("/")).await
        }
        ("GET", ["issues"]) => issues::list(site, call),
        ("POST", ["issues"]) => issues::create(site, call),
        ("GET", ["issues", n]) => issues::show(site, number(n)?),
        ("PATCH", ["issues", n]) => issues::edit(site, call, number(n)?),
        ("GET", ["issues", n, "comments"]) => issues::comments(site, call, number(n)?),
        ("POST", ["issues", n, "comments"]) => issues::comment(site, call, number(n)?),
        ("GET", ["issues", n, "timeline"]) => timeline::show(site, call, number(n)?),
        ("POST", ["issues", n, "assignees"]) => issues::assign(site, call, number(n)?),
        ("DELETE", ["issues", n, "assignees"]) => issues::unassign(site, call, number(n)?),
        ("POST", ["issues", n, "labels"]) => issues::put_labels(site, call, number(n)?),
        ("DELETE", ["issues", n, "labels", name]) => issues::take_label(site, call, number(n)?, name),
        ("GET", ["pulls"]) => Ok(pulls::list(site, call)),
        ("GET", ["pulls", n]) => pulls::show(site, number(n)?),
        ("PATCH", ["pulls", n]) => pulls::edit(site, call, number(n)?),
        ("PUT", ["pulls", n, "merge"]) => pulls::merge(site, call, number(n)?).await,
        ("PUT", ["pulls", n, "update-branch"]) => pulls::update_branch(site, call, number(n)?).await,
        ("GET", ["pulls", n, "reviews"]) => pulls::reviews(site, call, number(n)?),
        ("GET", ["pulls", n, "comments"]) => pulls::remarks(site, call, number(n)?),
        ("POST", ["pulls", n, "reviews"]) => pulls::review(site, call, number(n)?),
        _ => Err(Refusal::NotFound.into()),
    }
}

/// How this API shows a world.
fn view<'w>(site: &'w Site<impl Objects>, world: &'w World) -> View<'w> {
    View { world, api_url: &site.api_url }
}
