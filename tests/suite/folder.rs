//! Temporary folders, in memory where the machine has room there.
//!
//! Thousands of small files of git are written and deleted by a run of the tests; on a disk that costs a third of the
//! time. What ends a process, a kill, ends no folder in memory either, so nothing is proved the less.

use std::path::Path;
use std::sync::LazyLock;
use tempfile::TempDir;

/// Where Linux keeps files in memory.
const IN_MEMORY: &str = "/dev/shm";
/// The room that is wanted there, in bytes: the tests that run at once need a few megabytes.
const WANTED: u64 = 1 << 30;

static PLACE: LazyLock<()> = LazyLock::new(|| {
    if has_room(Path::new(IN_MEMORY)) {
        // Whoever named a place first has it.
        let _ = tempfile::env::override_temp_dir(Path::new(IN_MEMORY));
    }
});

/// Whether nobody named another place, and there is room for all at once, and files can be made.
fn has_room(place: &Path) -> bool {
    let room = || rustix::fs::statvfs(place).is_ok_and(|it| it.f_bavail.saturating_mul(it.f_frsize) >= WANTED);
    std::env::var_os("TMPDIR").is_none() && room() && tempfile::tempfile_in(place).is_ok()
}

/// Makes what is made from now on, simulators' folders too, in the best place.
pub fn choose_place() {
    LazyLock::force(&PLACE);
}

/// A folder of its own.
pub fn folder() -> TempDir {
    choose_place();
    tempfile::tempdir().expect("a temporary folder")
}
