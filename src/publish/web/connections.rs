//! Limits of connections: their number in all and per peer, and their idle time.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// Connections at once. Others wait in the system's own queue.
const CONNECTIONS: usize = 64;
/// Connections of one peer at once: others always find room. A reverse proxy is one peer, and all who come by it.
const PEER: usize = CONNECTIONS / 2;
/// How long a request may be in coming, however busily its bytes drip: a page's takes milliseconds.
pub(super) const REQUEST: Duration = Duration::from_secs(5);
/// How long nothing may be read or written. Without it, one whose other side lost its network would stay for weeks.
const IDLE: Duration = Duration::from_secs(30);

/// Lets in as many as there is room for.
pub(super) struct Connections {
    listener: TcpListener,
    room: Arc<Semaphore>,
    guests: Arc<Mutex<Guests>>,
}

impl Connections {
    /// Takes over a listener that does not block. Only within the runtime.
    ///
    /// # Errors
    /// The runtime cannot wait for it.
    pub(super) fn new(listener: std::net::TcpListener) -> io::Result<Self> {
        let listener = TcpListener::from_std(listener)?;
        Ok(Self { listener, room: Arc::new(Semaphore::new(CONNECTIONS)), guests: Arc::default() })
    }

    /// The next connection that there is room for.
    pub(super) async fn accept(&mut self) -> Connection {
        loop {
            // There is an error only once the semaphore is closed, which it never is.
            let room = self.room.clone().acquire_owned().await.ok();
            let (stream, address) = Listener::accept(&mut self.listener).await;
            let peer = Peer::of(address);
            let Some(guest) = self.guests.lock().enter(peer) else {
                log::debug!("web: {} has {PEER} connections and is given no other", address.ip());
                continue;
            };
            let place = Place { peer, guest, guests: self.guests.clone(), _room: room };
            return Connection { stream, idle: Box::pin(sleep(IDLE)), place };
        }
    }
}

/// Who counts as one: an IPv4 address, or the 64 bits of an IPv6 address that a network is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Peer(u64);

impl Peer {
    fn of(address: SocketAddr) -> Self {
        match address.ip().to_canonical() {
            IpAddr::V4(ip) => Self(u64::from(ip.to_bits())),
            IpAddr::V6(ip) => Self((ip.to_bits() >> 64) as u64),
        }
    }
}

/// One that is connected.
#[derive(Debug, Default)]
pub(super) struct Guest {
    asked: AtomicBool,
    leave: Notify,
}

impl Guest {
    /// Its request is complete: from now on it keeps its place.
    pub(super) fn has_asked(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// Waits until its place is needed for another.
    pub(super) async fn turned_out(&self) {
        self.leave.notified().await;
    }
}

/// All that are connected, by their peer, oldest first.
#[derive(Debug, Default)]
struct Guests(HashMap<Peer, Vec<Arc<Guest>>>);

impl Guests {
    /// One more. A peer that has all its connections loses the oldest one that has not asked for anything yet; `None`
    /// if all of them are being answered.
    fn enter(&mut self, peer: Peer) -> Option<Arc<Guest>> {
        let guests = self.0.entry(peer).or_default();
        if guests.len() >= PEER {
            let waits = guests.iter().position(|guest| !guest.asked.load(Ordering::Relaxed))?;
            guests.remove(waits).leave.notify_one();
        }
        let guest = Arc::<Guest>::default();
        guests.push(guest.clone());
        Some(guest)
    }

    fn leave(&mut self, peer: Peer, gone: &Arc<Guest>) {
        let Some(guests) = self.0.get_mut(&peer) else { return };
        guests.retain(|guest| !Arc::ptr_eq(guest, gone));
        if guests.is_empty() {
            self.0.remove(&peer);
        }
    }
}

/// What a connection takes up, until it is dropped.
struct Place {
    peer: Peer,
    guest: Arc<Guest>,
    guests: Arc<Mutex<Guests>>,
    _room: Option<OwnedSemaphorePermit>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.guests.lock().leave(self.peer, &self.guest);
    }
}

/// A connection that fails when nothing has happened for too long.
pub(super) struct Connection {
    stream: TcpStream,
    idle: Pin<Box<Sleep>>,
    place: Place,
}

impl Connection {
    /// Who is at its other end.
    pub(super) fn guest(&self) -> Arc<Guest> {
        self.place.guest.clone()
    }

    /// Passes on what an attempt came to, unless the last success lies too far back.
    fn watch<T>(&mut self, context: &mut Context, attempt: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if attempt.is_ready() {
            self.idle.as_mut().reset(Instant::now() + IDLE);
            return attempt;
        }
        self.idle.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context,
        into: &mut ReadBuf,
    ) -> Poll<io::Result<()>> {
        let attempt = Pin::new(&mut self.stream).poll_read(context, into);
        self.watch(context, attempt)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let attempt = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, attempt)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context,
        slices: &[io::IoSlice],
    ) -> Poll<io::Result<usize>> {
        let attempt = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch(context, attempt)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> Peer {
        Peer::of(SocketAddr::new(address.parse().unwrap(), 80))
    }

    fn is_turned_out(guest: &Guest) -> bool {
        let turned_out = std::pin::pin!(guest.turned_out());
        turned_out.poll(&mut Context::from_waker(std::task::Waker::noop())).is_ready()
    }

    #[test]
    fn a_peer_that_has_all_its_connections_loses_the_oldest_that_only_waits() {
        let (mut guests, one, other) = (Guests::default(), peer("192.0.2.1"), peer("192.0.2.2"));
        let entered: Vec<_> = (0..PEER).map(|_| guests.enter(one).unwrap()).collect();
        entered[0].has_asked();
        let next = guests.enter(one).expect("the second only waits");
        assert!(is_turned_out(&entered[1]) && !is_turned_out(&entered[0]) && !is_turned_out(&entered[2]));
        entered.iter().chain([&next]).for_each(|guest| guest.has_asked());
        assert!(guests.enter(one).is_none(), "all are being answered");
        assert!(guests.enter(other).is_some(), "others find room");
        guests.leave(one, &entered[0]);
        assert!(guests.enter(one).is_some(), "one who leaves makes room");
        guests.leave(one, &entered[1]);
        assert_eq!(guests.0[&one].len(), PEER, "one who was turned out had left already");
    }

    #[test]
    fn nothing_is_kept_of_those_who_left() {
        let mut guests = Guests::default();
        let guest = guests.enter(peer("::1")).unwrap();
        guests.leave(peer("::1"), &guest);
        assert!(guests.0.is_empty());
    }

    #[test]
    fn a_network_of_ipv6_is_one_peer_and_an_address_of_ipv4() {
        assert_eq!(peer("2001:db8::1"), peer("2001:db8::ffff:2"));
        assert_ne!(peer("2001:db8::1"), peer("2001:db8:0:1::1"));
        assert_eq!(peer("192.0.2.1"), peer("::ffff:192.0.2.1"));
        assert_ne!(peer("192.0.2.1"), peer("192.0.2.2"));
    }
}
