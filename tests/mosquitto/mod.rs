//! A real broker, and somebody who listens to it. Needs Debian's package `mosquitto`.

// Each test binary has this module as its own.
#![allow(unreachable_pub)]

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use rumqttc::{Client, Event, Incoming, MqttOptions, Publish, QoS};
use tempfile::TempDir;

/// Longer than anything takes that is waited for.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A broker that keeps what it has acknowledged, even when it is killed.
pub struct Broker {
    folder: TempDir,
    pub address: SocketAddr,
    running: Option<Child>,
}

impl Broker {
    pub fn start() -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let settings = format!(
            "listener {} 127.0.0.1\nallow_anonymous true\nuser root\npersistence true\npersistence_location {}/\n\
             autosave_on_changes true\nautosave_interval 1\nmax_queued_messages 100000\n",
            address.port(),
            folder.path().display()
        );
        fs::write(folder.path().join("mosquitto.conf"), settings).unwrap();
        let mut broker = Self { folder, address, running: None };
        broker.run();
        broker
    }

    pub fn run(&mut self) {
        let settings = self.folder.path().join("mosquitto.conf");
        // Debian keeps it where not every user looks for programs.
        let program =
            if Path::new("/usr/sbin/mosquitto").exists() { "/usr/sbin/mosquitto" } else { "mosquitto" };
        let child = Command::new(program).arg("-c").arg(settings).stderr(Stdio::null()).spawn();
        self.running = Some(child.expect("mosquitto is installed"));
        wait_for("the broker", || TcpStream::connect(self.address).ok());
    }

    /// Ends it at once, as a power cut does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.running.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Someone who listens to everything, with a session that the broker keeps.
pub fn subscriber(broker: &Broker, name: &str) -> Receiver<Publish> {
    let mut options = MqttOptions::new(name, "127.0.0.1", broker.address.port());
    options.set_clean_session(false).set_max_packet_size(1 << 20, 1 << 20);
    let (client, mut connection) = Client::new(options, 10);
    let (tell, told) = mpsc::channel();
    let (ready, is_ready) = mpsc::channel();
    thread::spawn(move || {
        for event in connection.iter() {
            match event {
                Ok(Event::Incoming(Incoming::ConnAck(_))) => {
                    client.try_subscribe("#", QoS::AtLeastOnce).unwrap()
                }
                Ok(Event::Incoming(Incoming::SubAck(_))) => drop(ready.send(())),
                Ok(Event::Incoming(Incoming::Publish(publish))) => {
                    if tell.send(publish).is_err() {
                        return;
                    }
                }
                Ok(_) => {}
                Err(_) => thread::sleep(Duration::from_millis(50)),
            }
        }
    });
    is_ready.recv_timeout(PATIENCE).unwrap();
    told
}

/// Asks until there is an answer.
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        match ask() {
            Some(answer) => return answer,
            None => assert!(begun.elapsed() < PATIENCE, "never: {what}"),
        }
        thread::sleep(Duration::from_millis(10));
    }
}
