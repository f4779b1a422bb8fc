//! Failures of the machine: no room to write, a folder that can't be written, a clone that is gone, locks of a killed git,
//! clocks that were set. Whatever happens, nothing is begun on GitHub that could not be kept here.

use crate::folder::folder;
use crate::program::{Ended, Program};
use crate::sim_client::simulator;
use crate::stage::Stage;
use orchestrator::model::Outcome;
use orchestrator::sim::Simulator;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

fn writes(sim: &Simulator) -> u64 {
    let log = sim.requests();
    log.rest_writes + log.git_pushes
}

/// Runs the program where no file may grow: every write fails, as on a full disk.
async fn without_room(program: &Program, arguments: &[&str]) -> Ended {
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\"";
    let mut command = tokio::process::Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_orchestrator")]);
    program.run_by(command, arguments).await
}

fn clone_of(program: &Program, sim: &Simulator) -> PathBuf {
    let host = sim.api_url().trim_start_matches("http://").replace(':', "_");
    program.folder.join("data").join(host).join("maintainer/tally/clone.git")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_room_for_the_clone_nothing_is_begun() {
    let (sim, here) = (simulator().await, folder());
    let program = Program::on(&sim, here.path());
    let ended = without_room(&program, &["cycle"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(ended.err.starts_with("error: cannot write the first files in the clone"), "{}", ended.err);
    assert!(
        ended.err.contains("help: check the permissions of the data folder and the space on its disk"),
        "{}",
        ended.err
    );
    assert_eq!(writes(&sim), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_disk_that_filled_up_no_effect_is_begun_and_with_room_again_it_goes_on() {
    let (sim, here) = (simulator().await, folder());
    let program = Program::on(&sim, here.path());
    assert_eq!(program.run(&["cycle"]).await.code, Some(0));
    let before = writes(&sim);
    let ended = without_room(&program, &["cycle"]).await;
    assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.err);
    assert!(ended.err.contains("File too large") && ended.err.contains("help: "), "{}", ended.err);
    assert_eq!(writes(&sim), before, "something was sent");
    let ended = program.run(&["cycle"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(writes(&sim) > before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_cannot_be_written_is_named() {
    let (sim, here) = (simulator().await, folder());
    std::fs::write(here.path().join("file"), "").expect("written");
    let program = Program::on(&sim, here.path());
    let data = here.path().join("file/data");
    let ended = program.run(&["cycle", "--data-dir", data.to_str().expect("text")]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(ended.err.contains("cannot make the folder") && ended.err.contains("file/data"), "{}", ended.err);
    assert_eq!(writes(&sim), 0);
}

fn age(path: &Path, by: Duration) {
    let file = std::fs::File::options().write(true).create(true).truncate(false).open(path).expect("a file");
    file.set_modified(SystemTime::now().checked_sub(by).expect("a time")).expect("its time is set");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locks_that_a_killed_git_left_in_our_clone_are_taken_away_when_they_are_old() {
    let (sim, here) = (simulator().await, folder());
    let program = Program::on(&sim, here.path());
    assert_eq!(program.run(&["cycle"]).await.code, Some(0));
    let clone = clone_of(&program, &sim);
    let locks = ["refs/orchestrator/remote/ledger.lock", "packed-refs.lock", "HEAD.lock"].map(|lock| clone.join(lock));
    let young = clone.join("shallow.lock");
    let object = clone.join("objects/kept.lock");
    for lock in locks.iter().chain([&object]) {
        age(lock, Duration::from_secs(20 * 60));
    }
    age(&young, Duration::from_secs(60));
    let ended = program.run(&["cycle"]).await;
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    assert!(locks.iter().all(|lock| !lock.exists()), "an old lock is still there");
    assert!(young.exists() && object.exists(), "what is young or no lock of a reference is not ours to remove");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clone_that_is_gone_or_broken_is_made_again() {
    let (sim, here) = (simulator().await, folder());
    let program = Program::on(&sim, here.path());
    assert_eq!(program.run(&["cycle"]).await.code, Some(0));
    let clone = clone_of(&program, &sim);
    let broken: [fn(&Path); 4] = [
        |clone| std::fs::remove_dir_all(clone).expect("removed"),
        |clone| std::fs::remove_file(clone.join("HEAD")).expect("removed"),
        |clone| std::fs::write(clone.join("config"), "[core\n").expect("written"),
        |clone| std::fs::remove_dir_all(clone.join("objects")).expect("removed"),
    ];
    for breaking in broken {
        breaking(&clone);
        let ended = program.run(&["status"]).await;
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        assert!(ended.out.contains("stage    1a"), "{}", ended.out);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_was_set_makes_nobody_wait_for_ever() {
    let mut stage = Stage::new().await;
    stage.cycle().await;
    // Another instance writes an attempt and dies; its clock is a day ahead.
    stage.clock.set_ahead(86_400);
    stage.sim.arrange(orchestrator::sim::Accident::on("POST", "/issues", orchestrator::sim::AccidentKind::Before(502)));
    let cycle = stage.cycle().await;
    assert!(!cycle.done.iter().all(orchestrator::engine::Done::is_done), "{:?}", cycle.done);
    stage.clock.set_ahead(-86_400);
    stage.move_out();
    let cycle = stage.cycle().await;
    assert!(matches!(cycle.decision.outcome, Outcome::Act { .. }), "{:?}", cycle.decision);
    assert_eq!(stage.sim.world(|world| world.subjects().count()), 1);
}
