//! How far a fetch is, at a terminal.
//!
//! **Guarantees**: nothing is drawn where nobody looks: not into a pipe, not with `--quiet`; nothing is left behind.

use crate::repo::{Observer, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::Arc;

/// Draws what git tells of a fetch.
pub(super) fn observer(visible: bool) -> Option<Observer> {
    if !visible {
        return None;
    }
    let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr_with_hz(10));
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}");
    // The template is a literal; a style that it can't make would be the default one.
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    Some(Arc::new(move |progress: &Progress| draw(&bar, progress)))
}

fn draw(bar: &ProgressBar, progress: &Progress) {
    if progress.done >= progress.of {
        bar.finish_and_clear();
        return;
    }
    // Each step of a fetch begins anew, and one that is finished is not drawn any more.
    if bar.is_finished() {
        bar.reset();
    }
    bar.set_message(progress.what.clone());
    bar.set_length(progress.of);
    bar.set_position(progress.done);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_after_a_finished_one_is_drawn_again() {
        let bar = ProgressBar::hidden();
        let step = |what: &str, done| draw(&bar, &Progress { what: what.to_owned(), done, of: 10 });
        step("Counting objects", 10);
        assert!(bar.is_finished());
        step("Receiving objects", 3);
        assert_eq!((bar.is_finished(), bar.position(), bar.message().as_str()), (false, 3, "Receiving objects"));
    }
}
