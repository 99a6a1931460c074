//! What event hooks are sent: each event at least once, soon, in no certain order, by a task in the background.
//!
//! Okta's promise is weak, so this org can be made to use all of it: events twice, late, or never.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc, watch};

use super::answer::timestamp;
use super::channel::HookEndpoint;
use super::events::LogEvent;
use super::faults::drawn;
use super::{Org, hook, locked, random_id};

/// The most events in one delivery.
const MOST_EVENTS: usize = 20;
/// How long a delivery that is to come out of order waits for another to go first.
const HELD: Duration = Duration::from_secs(2);

/// How often whoever waits for everything to have gone asks for what is held back.
const HURRY: Duration = Duration::from_millis(10);

/// One event for one hook.
#[derive(Clone)]
struct Delivery {
    hook_id: String,
    endpoint: Arc<HookEndpoint>,
    event: Value,
    /// To come after a later one.
    held: bool,
}

/// The way to the background task.
pub(super) struct Deliveries {
    queue: mpsc::UnboundedSender<Delivery>,
    /// Until the task begins, with the first delivery.
    waiting: std::sync::Mutex<Option<mpsc::UnboundedReceiver<Delivery>>>,
    under_way: watch::Sender<u64>,
    hurry: Arc<Notify>,
    counted: std::sync::Mutex<Counted>,
}

/// Of event deliveries, so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Events for which a hook was subscribed, once for each hook.
    pub due: u64,
    /// Of those, the ones that were lost on purpose.
    pub lost: u64,
    /// Of those, the ones that were sent twice on purpose.
    pub repeated: u64,
    /// Events of calls that a hook answered 2xx.
    pub delivered: u64,
    /// Events of calls that failed twice and are given up.
    pub failed: u64,
}

impl Deliveries {
    pub(super) fn new() -> Self {
        let (queue, waiting) = mpsc::unbounded_channel();
        Self {
            queue,
            waiting: std::sync::Mutex::new(Some(waiting)),
            under_way: watch::Sender::new(0),
            hurry: Arc::new(Notify::new()),
            counted: std::sync::Mutex::default(),
        }
    }

    pub(super) fn counted(&self) -> Counted {
        *locked(&self.counted)
    }

    /// Ready when nothing is under way; what is held back goes at once.
    pub(super) async fn settled(&self) {
        let mut under_way = self.under_way.subscribe();
        loop {
            self.hurry.notify_waiters();
            let gone = under_way.wait_for(|count| *count == 0);
            // The sender lives as long as this, so that an end of waiting is the end of everything under way.
            if tokio::time::timeout(HURRY, gone).await.is_ok() {
                return;
            }
        }
    }
}

impl Org {
    /// Sends an event to whoever is subscribed. Outside of a runtime nothing is sent.
    pub(super) fn deliver(&self, event: &LogEvent) {
        let subscribed = locked(&self.0.event_hooks).subscribed(event.event_type.name());
        if subscribed.is_empty() {
            return;
        }
        self.begin_deliveries();
        let faults = locked(&self.0.faults).of_events();
        for (hook_id, endpoint) in subscribed {
            let number = {
                let mut counted = locked(&self.0.deliveries.counted);
                counted.due += 1;
                counted.due
            };
            let strikes = |likelihood: f64, which: u64| drawn(faults.seed ^ which, number) < likelihood;
            if strikes(faults.lost, 1) {
                locked(&self.0.deliveries.counted).lost += 1;
                continue;
            }
            let held = strikes(faults.disorder, 2);
            let delivery = Delivery { hook_id, endpoint, event: event.whole(), held };
            if strikes(faults.repeat, 3) {
                locked(&self.0.deliveries.counted).repeated += 1;
                self.enqueue(Delivery { held: !held, ..delivery.clone() });
            }
            self.enqueue(delivery);
        }
    }

    fn enqueue(&self, delivery: Delivery) {
        self.0.deliveries.under_way.send_modify(|count| *count += 1);
        if self.0.deliveries.queue.send(delivery).is_err() {
            self.0.deliveries.under_way.send_modify(|count| *count -= 1);
        }
    }

    /// The task holds no handle on the org, so that it ends with it.
    fn begin_deliveries(&self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let Some(arriving) = locked(&self.0.deliveries.waiting).take() else { return };
        let org = Arc::downgrade(&self.0);
        let (client, hurry) = (self.0.client.clone(), Arc::clone(&self.0.deliveries.hurry));
        runtime.spawn(async move {
            let mut queue = Queue { arriving, hurry, held: Vec::new(), overtaken: false };
            while let Some(batch) = queue.next().await {
                let Some(org) = org.upgrade().map(Org) else { return };
                let body = org.delivery(&batch);
                let endpoint = batch.first().map(|delivery| Arc::clone(&delivery.endpoint));
                let deliveries = batch.len() as u64;
                let delivered = match endpoint {
                    Some(endpoint) => send(&client, &endpoint, body).await,
                    None => false,
                };
                let mut counted = locked(&org.0.deliveries.counted);
                if delivered {
                    counted.delivered += deliveries;
                } else {
                    counted.failed += deliveries;
                }
                drop(counted);
                org.0.deliveries.under_way.send_modify(|count| *count -= deliveries);
            }
        });
    }

    fn delivery(&self, batch: &[Delivery]) -> Value {
        let hook_id = batch.first().map_or("", |delivery| delivery.hook_id.as_str());
        let events: Vec<&Value> = batch.iter().map(|delivery| &delivery.event).collect();
        json!({
            "eventType": "com.okta.event_hook",
            "eventTypeVersion": "1.0",
            // With an s here, and without one in the calls of inline hooks: so the documents have it.
            "cloudEventsVersion": "0.1",
            "contentType": "application/json",
            "eventId": random_id().unwrap_or_default(),
            "eventTime": timestamp(self.now()),
            "source": format!("{}/api/v1/eventHooks/{hook_id}", self.0.base_url),
            "data": { "events": events },
        })
    }
}

/// Three seconds, one retry after a 5xx, a time-out or a broken connection, none after a 4xx.
async fn send(client: &Client, endpoint: &HookEndpoint, body: Value) -> bool {
    hook::call(client, endpoint, Bytes::from(body.to_string())).await.0.is_ok()
}

/// What is to be sent next.
struct Queue {
    arriving: mpsc::UnboundedReceiver<Delivery>,
    hurry: Arc<Notify>,
    held: Vec<Delivery>,
    /// Whether something has gone since something is held back.
    overtaken: bool,
}

impl Queue {
    /// The next events for one hook. What is held back goes when something else has gone, after a while, or when
    /// somebody waits for everything to have gone.
    async fn next(&mut self) -> Option<Vec<Delivery>> {
        loop {
            let first = if self.overtaken && !self.held.is_empty() {
                return self.all_held();
            } else if self.held.is_empty() {
                self.arriving.recv().await?
            } else {
                tokio::select! {
                    biased;
                    next = self.arriving.recv() => match next {
                        Some(next) => next,
                        None => return self.all_held(),
                    },
                    () = self.hurry.notified() => return self.all_held(),
                    () = tokio::time::sleep(HELD) => return self.all_held(),
                }
            };
            if first.held {
                self.held.push(Delivery { held: false, ..first });
                continue;
            }
            let mut batch = vec![first];
            // What has come meanwhile for the same hook goes along.
            while batch.len() < MOST_EVENTS
                && let Ok(next) = self.arriving.try_recv()
            {
                let same = batch.first().is_some_and(|first| first.hook_id == next.hook_id);
                if next.held || !same {
                    self.held.push(Delivery { held: false, ..next });
                } else {
                    batch.push(next);
                }
            }
            self.overtaken = !self.held.is_empty();
            return Some(batch);
        }
    }

    /// Of what is held, the newest for one hook first.
    fn all_held(&mut self) -> Option<Vec<Delivery>> {
        let hook_id = self.held.last()?.hook_id.clone();
        let (mut batch, rest): (Vec<_>, Vec<_>) =
            self.held.drain(..).partition(|delivery| delivery.hook_id == hook_id);
        self.held = rest;
        self.overtaken = !self.held.is_empty();
        batch.reverse();
        Some(batch)
    }
}
