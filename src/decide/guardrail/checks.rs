//! Checks: green, or rightly absent.
//!
//! A head's checks come and go within its first minute, so a young head is waited for. No check at all is right where no
//! rule requires one and either only planning documents change or the head's tree has no workflow file. For a development
//! pull request of a repository with workflows it means that none has started: by default the agent's runs wait for a
//! person's approval, and then nothing reports until somebody clicks.
//!
//! A token that may not read checks leaves the judgement to the merge state, in which GitHub has counted the required ones;
//! that it could not be judged is shown. What GitHub does not answer at all is waited for, for behind it there may be a run
//! that waits or a check that is required. A check that hangs, or is required and never begins, names a person.

use super::{Case, PullKind, Verdict, cool_down, veto};
use crate::message::failing_check;
use crate::model::{Actor, CheckFact, CheckReport, CheckState, HeldRun, Need, StopPoint, Waiting};
use jiff::{SignedDuration, Timestamp};

/// How long a head's checks may still appear.
const FRESH: SignedDuration = SignedDuration::from_secs(60);
/// How long a head may go without a check, or with one that runs, before a person is named.
const YOUNG: SignedDuration = SignedDuration::from_mins(10);

/// How long a check may run before a person is named: a job may take six hours (docs.github.com, "Actions limits").
const ENDLESS: SignedDuration = SignedDuration::from_hours(7);

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    let pull = case.pull.number;
    match case.pull.checks {
        CheckState::Success => hindrance(case).unwrap_or(Verdict::Pass),
        CheckState::Pending | CheckState::Expected => pending(case),
        CheckState::Failure => match report(case, true) {
            Err(look) => look,
            Ok(report) => {
                let named = failing(report);
                let which = if named.is_empty() { String::new() } else { format!(": {}", named.join(", ")) };
                let why = format!("checks of {pull} failed at {}{which}", case.pull.head.short());
                veto(why, format!("the agent or a person mends them: {}", checks_page(case)))
            }
        },
        CheckState::None => absent(case),
        CheckState::Unreadable => {
            hindrance(case).unwrap_or_else(|| Verdict::Unseen(format!("this token may not read the checks of {pull}")))
        }
    }
}

/// By when its checks began last, as far as it is known: with the push, when it was taken out of draft (what is skipped for a
/// draft counts as green), or when we had a run done again.
fn begun(case: &Case<'_>) -> Timestamp {
    let snapshot = case.view.snapshot;
    let seen = snapshot.heads.get(&case.pull.number).filter(|seen| seen.head == case.pull.head);
    let ready = seen.and_then(|seen| seen.ready);
    // Whose run it was is not kept; a minute more for another head does no harm.
    let reruns = snapshot.sent.iter().filter(|sent| sent.object.starts_with(StopPoint::Rerun.name()));
    let rerun = reruns.map(|sent| sent.at).max();
    let later = [ready, rerun].into_iter().flatten().filter(|at| *at <= snapshot.now).max();
    later.map_or_else(|| cool_down::pushed(case), |later| later.max(cool_down::pushed(case)))
}

/// What holds up a head whose checks are green, or can't be read: others may still appear, and runs that wait for a person
/// count nowhere until somebody lets them run.
fn hindrance(case: &Case<'_>) -> Option<Verdict> {
    if let Some(until) = still(case, FRESH) {
        let why = format!("the head of {} is young; its checks may not be all there yet", case.pull.number);
        return Some(waits(why, Some(until)));
    }
    match report(case, false) {
        Err(look) => Some(look),
        Ok(report) => held(case, report.held.as_deref().unwrap_or_default()),
    }
}

/// The failing checks in words.
pub(in crate::decide) fn failing(report: &CheckReport) -> Vec<String> {
    let red = report.checks.iter().flatten().filter(|check| check.state == CheckState::Failure);
    red.map(|check| failing_check(&check.name, check.required)).collect()
}

/// Until when the head is that young; `None` once it is older.
fn still(case: &Case<'_>, long: SignedDuration) -> Option<Timestamp> {
    let pushed = begun(case);
    let until = pushed.saturating_add(long).unwrap_or(pushed);
    (case.view.snapshot.now < until).then_some(until)
}

fn report<'a>(case: &Case<'a>, named: bool) -> Result<&'a CheckReport, Verdict> {
    let need = Need::Checks { pull: case.pull.number, head: case.pull.head, named };
    let report = case.view.snapshot.needs.checks.get(&case.pull.head).ok_or(Verdict::Look(need))?;
    unanswered(case).map_or(Ok(report), |why| Err(waits(why, None)))
}

/// That GitHub leaves a question about the checks unanswered.
pub(in crate::decide) fn unanswered(case: &Case<'_>) -> Option<String> {
    let words = case.view.snapshot.needs.checks.get(&case.pull.head)?.unanswered.as_ref()?;
    let words = crate::text::phrase(words, 200);
    Some(format!("GitHub does not answer about the checks of {}: {words}", case.pull.number))
}

fn pending(case: &Case<'_>) -> Verdict {
    let pull = case.pull.number;
    let running = || waits(format!("checks of {pull} are still running"), None);
    if still(case, YOUNG).is_some() {
        return running();
    }
    match report(case, true) {
        Err(look) => look,
        Ok(report) => match held(case, report.held.as_deref().unwrap_or_default()) {
            Some(veto) => veto,
            // What the rollup waits for besides is a required check that nobody has begun.
            None if is_expected(case, report) => {
                let which = silent(report).map_or_else(
                    || "a required check".to_owned(),
                    |name| format!("the required check `{}`", shown(name)),
                );
                late(case, report, format!("{which} has not reported on {pull}"), true)
            }
            None if !is_endless(case) => running(),
            None => veto(
                format!("checks of {pull} have been running for more than {} hours", ENDLESS.as_hours()),
                format!("look what hangs, end it or let it run anew: {}", checks_page(case)),
            ),
        },
    }
}

/// Whether looks have shown its checks running for so long that one of them hangs.
fn is_endless(case: &Case<'_>) -> bool {
    let seen = case.view.snapshot.heads.get(&case.pull.number).filter(|seen| seen.head == case.pull.head);
    let since = seen.and_then(|seen| seen.pending);
    // They began anew when it was taken out of draft, or when we had one done again.
    let since = since.map(|since| since.max(begun(case)));
    since.and_then(|since| since.saturating_add(ENDLESS).ok()).is_some_and(|until| case.view.snapshot.now >= until)
}

/// Whether what the merge waits for of its checks will not come by itself.
pub(super) fn is_stuck(case: &Case<'_>) -> bool {
    match case.pull.checks {
        CheckState::Expected => still(case, YOUNG).is_none(),
        CheckState::Pending => is_endless(case),
        CheckState::None | CheckState::Success | CheckState::Failure | CheckState::Unreadable => false,
    }
}

/// Whether every check that is there has ended, and yet they are not all.
fn is_expected(case: &Case<'_>, report: &CheckReport) -> bool {
    let ended = |checks: &Vec<CheckFact>| checks.iter().all(|check| check.state != CheckState::Pending);
    match &report.checks {
        Some(checks) => ended(checks) && (case.pull.checks == CheckState::Expected || silent(report).is_some()),
        // Which they are can't be read; that one is missing GitHub has said.
        None => case.pull.checks == CheckState::Expected,
    }
}

/// The first check that a rule requires and that is not among those that are there.
fn silent(report: &CheckReport) -> Option<&str> {
    // The names of a rule are kept as short as they are shown.
    let reported = |name: &String| report.checks.iter().flatten().any(|check| shown(&check.name) == shown(name));
    report.required.iter().flatten().find(|name| !reported(name)).map(String::as_str)
}

fn shown(name: &str) -> String {
    crate::text::one_line(name, 100)
}

fn absent(case: &Case<'_>) -> Verdict {
    let pull = case.pull.number;
    let report = match report(case, false) {
        Err(look) => return look,
        Ok(report) => report,
    };
    if let Some(veto) = held(case, report.held.as_deref().unwrap_or_default()) {
        return veto;
    }
    let named = silent(report);
    let why = match named {
        Some(name) => format!("the required check `{}` has not reported on {pull}", shown(name)),
        None => {
            match case.kind {
                PullKind::Gap | PullKind::Capability => return none_wanted(case, report),
                PullKind::Development => {}
            }
            match case.diff() {
                Err(look) => return look,
                Ok(diff) if !diff.has_workflows => return none_wanted(case, report),
                Ok(_) => {}
            }
            format!("no check has reported on {pull}")
        }
    };
    late(case, report, why, named.is_some())
}

/// What comes of a check that has not reported, required or not: a while it may still.
fn late(case: &Case<'_>, report: &CheckReport, why: String, required: bool) -> Verdict {
    match still(case, YOUNG) {
        Some(until) => waits(format!("{why} yet"), Some(until)),
        // Workflows may leave drafts alone; once it is none the merge is judged anew.
        None if case.pull.draft && report.held.as_ref().is_some_and(Vec::is_empty) => Verdict::Pass,
        None if report.held.is_some() => veto(
            format!("{why} for 10 minutes, and no workflow run waits for approval"),
            if required {
                format!("let what reports it run, see {}", checks_page(case))
            } else {
                format!(
                    "let a workflow run at {}, or, if none is meant to run for pull requests, merge {} yourself or set \
                     `checks = \"warn\"` under `[guardrails]`",
                    checks_page(case),
                    case.pull.number
                )
            },
        ),
        None => veto(
            format!("{why} for 10 minutes; its workflow runs may wait for approval"),
            format!("approve the runs at {}", checks_page(case)),
        ),
    }
}

/// No check has to report, as far as this token can read it.
fn none_wanted(case: &Case<'_>, report: &CheckReport) -> Verdict {
    let hidden = match (report.required.is_none(), report.held.is_none()) {
        (false, false) => return Verdict::Pass,
        (true, false) => "the rules of the mainline, which may require checks",
        (false, true) => "the workflow runs, which may wait for approval",
        (true, true) => "the rules of the mainline, which may require checks, and the workflow runs, which may wait",
    };
    Verdict::Unseen(format!("{} has no checks, and this token may not read {hidden}", case.pull.number))
}

/// Runs that wait for a person, with the page on which they are approved.
fn held(case: &Case<'_>, runs: &[HeldRun]) -> Option<Verdict> {
    let first = runs.first()?;
    let (pull, name) = (case.pull.number, crate::text::one_line(&first.name, 100));
    let others = match runs.len() {
        1 => String::new(),
        several => format!(" and {} more", several - 1),
    };
    let page = if first.url.starts_with("https://") { first.url.clone() } else { checks_page(case) };
    Some(veto(
        format!("the workflow run `{name}`{others} of {pull} waits for approval"),
        format!("approve and run it: {page}"),
    ))
}

fn waits(why: String, until: Option<Timestamp>) -> Verdict {
    Verdict::Wait(Waiting { why, actor: Actor::Forge, until })
}

fn checks_page(case: &Case<'_>) -> String {
    format!("{}/pull/{}/checks", case.view.snapshot.forge.repository.url, case.pull.number.0)
}
