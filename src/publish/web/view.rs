//! The live picture as a stream of JPEGs, drawn in a thread of its own and only while somebody watches.

use std::io;

use axum::body::Bytes;
use tokio::sync::{mpsc, watch};

use crate::pipeline::DecisionContext;
use crate::publish::queue::Worker;
use crate::publish::scene::Scene;

/// Kind of the stream: each part replaces the one before.
pub(super) const CONTENT_TYPE: &str = "multipart/x-mixed-replace; boundary=picture";
/// What comes before the first part.
pub(super) const OPENING: &[u8] = b"--picture\r\n";
/// The pipeline's end of the thread that draws.
pub(super) struct View {
    scenes: mpsc::Sender<Scene>,
    pictures: watch::Sender<Bytes>,
    _worker: Worker,
}

impl View {
    /// Starts the thread; it gives parts of the stream to `pictures`.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn start(pictures: watch::Sender<Bytes>) -> io::Result<Self> {
        let (scenes, mut taken) = mpsc::channel::<Scene>(1);
        let shown = pictures.clone();
        let worker = Worker::start("view", move || {
            while let Some(scene) = taken.blocking_recv() {
                if let Some(part) = part(&scene) {
                    shown.send_replace(part);
                }
            }
        })?;
        Ok(Self { scenes, pictures, _worker: worker })
    }

    /// Queues a decision for drawing, unless there are no viewers or the previous one still waits.
    pub(super) fn show(&self, context: &DecisionContext) {
        if self.pictures.receiver_count() == 0 {
            return;
        }
        // Room first: a copy of the picture that nobody draws costs time for nothing.
        if let Ok(room) = self.scenes.try_reserve() {
            room.send(Scene::of(context));
        }
    }
}

/// One part of the stream, with the boundary that ends it: browsers show a part when they see its end.
fn part(scene: &Scene) -> Option<Bytes> {
    let jpeg = scene.jpeg()?;
    let mut part = format!("Content-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", jpeg.len()).into_bytes();
    part.extend_from_slice(&jpeg);
    part.extend_from_slice(b"\r\n");
    part.extend_from_slice(OPENING);
    Some(part.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::State;
    use crate::publish::testing::{event, eventually, with_context};

    #[test]
    fn nothing_is_drawn_while_nobody_watches() {
        let (pictures, watched) = watch::channel(Bytes::new());
        drop(watched);
        let view = View::start(pictures.clone()).unwrap();
        let event = event(0.08, State::Match);
        // A scene that was taken over would be drawn before the next one, which is waited for.
        with_context(&event, |context| view.show(context));
        let mut watching = pictures.subscribe();
        assert_eq!(view.scenes.capacity(), 1);
        assert!(watching.borrow_and_update().is_empty());
        with_context(&event, |context| view.show(context));
        eventually("a picture", || watching.has_changed().unwrap().then_some(()));
        assert!(watching.borrow().ends_with(OPENING));
    }
}
