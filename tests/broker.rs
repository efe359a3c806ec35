//! MQTT with a real broker, which is killed and started again, and connections that are cut. Needs Debian's package
//! `mosquitto`; run by `.ci/broker`.

mod mosquitto;
mod published;

use std::collections::BTreeMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use lookhear::pipeline::Sink;
use lookhear::publish::settings::{Events, Mqtt, Settings};
use lookhear::publish::{About, Publisher};
use mosquitto::{Broker, PATIENCE, subscriber, wait_for};
use published::{event, publish};
use rumqttc::{Publish, QoS};
use serde_json::Value;

/// Within this a broker that came back is found.
const FOUND: Duration = Duration::from_secs(10);

/// A way to the broker that can be cut.
struct Wire {
    address: SocketAddr,
    ends: Arc<Mutex<Vec<TcpStream>>>,
}

impl Wire {
    fn to(broker: &Broker) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, target, ends) = (listener.local_addr().unwrap(), broker.address, Arc::default());
        let kept: Arc<Mutex<Vec<TcpStream>>> = Arc::clone(&ends);
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let Ok(far) = TcpStream::connect(target) else { continue };
                for (mut from, mut to) in [(&near, &far), (&far, &near)]
                    .map(|(a, b)| (a.try_clone().unwrap(), b.try_clone().unwrap()))
                {
                    thread::spawn(move || {
                        let _ = io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Both);
                    });
                }
                kept.lock().unwrap().extend([near, far]);
            }
        });
        Self { address, ends }
    }

    fn cut(&self) {
        for end in self.ends.lock().unwrap().drain(..) {
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

fn publisher(to: SocketAddr, events: Events, picture: bool) -> Publisher {
    let mqtt = Mqtt {
        host: "127.0.0.1".into(),
        port: Some(to.port()),
        prefix: "museum/lookhear".into(),
        events,
        picture,
        home_assistant: true,
        ..Mqtt::default()
    };
    let about = About {
        version: "1.2.3".into(),
        preset: "edge".into(),
        model: "0123456789abcdef".into(),
        sources: Vec::new(),
    };
    Publisher::start(&Settings { mqtt: Some(mqtt), ..Settings::default() }, &about).unwrap()
}

/// The next message to a topic.
fn next(messages: &Receiver<Publish>, topic: &str) -> Publish {
    wait_for(topic, || messages.try_iter().find(|message| message.topic == topic))
}

fn sequence(message: &Publish) -> u64 {
    serde_json::from_slice::<Value>(&message.payload).unwrap()["sequence"].as_u64().unwrap()
}

#[test]
#[ignore = "needs mosquitto: run .ci/broker"]
fn nothing_is_lost_when_the_broker_is_killed_or_connections_are_cut() {
    let mut broker = Broker::start();
    let messages = subscriber(&broker, "witness");
    let wire = Wire::to(&broker);
    let mut publisher = publisher(wire.address, Events::All, false);
    const EVENTS: u32 = 1200;
    const BREAKS: u64 = 5;
    for number in 1..=EVENTS {
        publish(&mut publisher, &event(number));
        thread::sleep(Duration::from_millis(10));
        match number {
            200 | 1000 => broker.kill(),
            300 | 1100 => broker.run(),
            400 | 600 | 800 => wire.cut(),
            _ => {}
        }
    }
    let mut seen = BTreeMap::<u64, u64>::new();
    let begun = Instant::now();
    while (seen.len() as u32) < EVENTS {
        for message in messages.try_iter().filter(|message| message.topic == "museum/lookhear/event") {
            assert_eq!(message.qos, QoS::AtLeastOnce);
            // A copy that the broker made between itself and this witness says so.
            if !message.dup {
                *seen.entry(sequence(&message)).or_default() += 1;
            }
        }
        let missing =
            || (1..=u64::from(EVENTS)).filter(|number| !seen.contains_key(number)).collect::<Vec<_>>();
        assert!(begun.elapsed() < PATIENCE, "never: {:?}", missing());
        thread::sleep(Duration::from_millis(10));
    }
    let copies: u64 = seen.values().map(|times| times - 1).sum();
    assert!(
        copies <= 20 * BREAKS,
        "only what was on its way when a connection broke may come twice: {copies}"
    );
    println!("{EVENTS} events, {BREAKS} breaks, {copies} copies, none lost");
    publisher.finish().unwrap();
}

#[test]
#[ignore = "needs mosquitto: run .ci/broker"]
fn a_broker_that_comes_back_is_found_within_ten_seconds() {
    let mut broker = Broker::start();
    let messages = subscriber(&broker, "witness");
    let mut publisher = publisher(broker.address, Events::Changes, false);
    publish(&mut publisher, &event(1));
    assert_eq!(sequence(&next(&messages, "museum/lookhear/event")), 1);
    broker.kill();
    // Long enough for the longest wait between two tries.
    thread::sleep(Duration::from_secs(9));
    publish(&mut publisher, &event(2));
    broker.run();
    let back = Instant::now();
    let mut later = sequence(&next(&messages, "museum/lookhear/event"));
    if later == 1 {
        // The broker was killed before it could acknowledge the first one, which therefore comes again, once.
        later = sequence(&next(&messages, "museum/lookhear/event"));
    }
    assert_eq!(later, 2);
    println!("found after {:.1} s", back.elapsed().as_secs_f64());
    assert!(back.elapsed() < FOUND, "{:?}", back.elapsed());
    publisher.finish().unwrap();
}

#[test]
#[ignore = "needs mosquitto: run .ci/broker"]
fn the_broker_knows_who_is_there_and_keeps_what_home_assistant_needs() {
    let broker = Broker::start();
    let messages = subscriber(&broker, "witness");
    let wire = Wire::to(&broker);
    let mut publisher = publisher(wire.address, Events::Changes, true);
    let status = || String::from_utf8(next(&messages, "museum/lookhear/status").payload.to_vec()).unwrap();
    publish(&mut publisher, &event(1));
    assert_eq!(status(), "online");
    wire.cut();
    assert_eq!(status(), "offline", "the last will");
    assert_eq!(status(), "online", "it connects again");
    publisher.finish().unwrap();
    assert_eq!(status(), "offline", "the farewell");

    // One who comes later finds everything that is retained.
    let late = subscriber(&broker, "late");
    let mut retained = BTreeMap::new();
    wait_for("what is retained", || {
        retained.extend(late.try_iter().map(|message| {
            assert!(message.retain, "{}", message.topic);
            (message.topic.clone(), message.payload.to_vec())
        }));
        (retained.len() == 10).then_some(())
    });
    let config: Value =
        serde_json::from_slice(&retained["homeassistant/binary_sensor/lookhear/match/config"]).unwrap();
    assert_eq!(config["state_topic"], "museum/lookhear/state");
    assert_eq!(config["availability_topic"], "museum/lookhear/status");
    let state: Value = serde_json::from_slice(&retained["museum/lookhear/state"]).unwrap();
    assert_eq!(state["state"], "match");
    assert_eq!(retained["museum/lookhear/status"], b"offline");
    let image: Value =
        serde_json::from_slice(&retained["homeassistant/image/lookhear/picture/config"]).unwrap();
    assert_eq!(image["image_topic"], "museum/lookhear/picture");
    let picture = image::load_from_memory(&retained["museum/lookhear/picture"]).unwrap();
    assert!(picture.width() > 0, "the match as it began");
}
