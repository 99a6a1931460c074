//! Connections to one store: opened when first needed, kept while they are good, never more than allowed.
//!
//! Its own, since the driver's pool waits out its whole time-out while a server refuses connections, and a sign-in
//! has better things to do with those seconds. A connection goes back only when its user says that it is in order;
//! whoever is cancelled in the middle of a query simply loses it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::{ConnectOptions, Connection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::PoolState;
use super::dialect::Dialect;
use super::fault::{Class, Fault};

/// A connection that has rested longer than this is asked for a sign of life before it is used.
const TRUSTED_REST: Duration = Duration::from_secs(1);

/// A connection that has rested longer than this is closed: firewalls forget it anyway.
const LONGEST_REST: Duration = Duration::from_mins(5);

pub(super) struct Pool<D: Dialect> {
    options: D::Options,
    idle: Mutex<Vec<Idle<D::Connection>>>,
    permits: Arc<Semaphore>,
    max: u32,
    connect_timeout: Duration,
    query_timeout: Duration,
    closed: AtomicBool,
}

struct Idle<C> {
    connection: C,
    since: Instant,
}

/// A connection in use. Dropped, it is closed; [`Lease::release`] gives it back.
pub(super) struct Lease<D: Dialect> {
    pub(super) connection: D::Connection,
    /// Whether it has served before, so that it may have been cut in the meantime.
    pub(super) reused: bool,
    pool: Arc<Pool<D>>,
    _permit: OwnedSemaphorePermit,
}

/// What a connection is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// One quick query, bounded by the server too.
    LookUp,
    /// The same, on a connection that is certainly new.
    Fresh,
    /// A walk over all rows, for which there is no time limit; always a connection of its own.
    Walk,
}

impl<D: Dialect> Pool<D> {
    pub(super) fn new(
        options: D::Options,
        max: u32,
        connect_timeout: Duration,
        query_timeout: Duration,
    ) -> Arc<Self> {
        let max = max.max(1);
        Arc::new(Self {
            options,
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(usize::try_from(max).unwrap_or(Semaphore::MAX_PERMITS))),
            max,
            connect_timeout,
            query_timeout,
            closed: AtomicBool::new(false),
        })
    }

    /// A connection, within the connect time-out.
    pub(super) async fn acquire(self: &Arc<Self>, purpose: Purpose) -> Result<Lease<D>, Fault> {
        let acquired = tokio::time::timeout(self.connect_timeout, self.acquire_unbounded(purpose)).await;
        acquired.unwrap_or_else(|_| {
            let why = if self.permits.available_permits() == 0 {
                format!("all {} connections are busy", self.max)
            } else {
                format!("no connection within {} ms", self.connect_timeout.as_millis())
            };
            Err(Fault::new(Class::Busy, why))
        })
    }

    async fn acquire_unbounded(self: &Arc<Self>, purpose: Purpose) -> Result<Lease<D>, Fault> {
        let closed = || Fault::new(Class::Busy, "its connections are closed");
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| closed())?;
        if self.closed.load(Ordering::Acquire) {
            return Err(closed());
        }
        if purpose == Purpose::LookUp
            && let Some(connection) = self.reuse().await
        {
            return Ok(Lease { connection, reused: true, pool: Arc::clone(self), _permit: permit });
        }
        self.make_room();
        let connection = self.connect(purpose).await?;
        Ok(Lease { connection, reused: false, pool: Arc::clone(self), _permit: permit })
    }

    async fn connect(&self, purpose: Purpose) -> Result<D::Connection, Fault> {
        let limit = (purpose != Purpose::Walk).then_some(self.query_timeout);
        let mut connection = self.options.connect().await.map_err(|error| D::fault(&error))?;
        D::begin_session(&mut connection, limit).await.map_err(|error| D::fault(&error))?;
        Ok(connection)
    }

    /// The connection that was used last, if it still answers.
    async fn reuse(&self) -> Option<D::Connection> {
        let Idle { mut connection, since } = {
            let mut idle = self.lock();
            idle.retain(|resting| resting.since.elapsed() < LONGEST_REST);
            idle.pop()?
        };
        if since.elapsed() > TRUSTED_REST && connection.ping().await.is_err() {
            // What cut this one has most likely cut all of them.
            self.forget_idle();
            return None;
        }
        Some(connection)
    }

    /// Closes the connection that has rested longest, where one more would be too many.
    fn make_room(&self) {
        let mut idle = self.lock();
        let too_many = idle.len().saturating_add(self.in_use()).saturating_sub(self.most());
        let too_many = too_many.min(idle.len());
        idle.drain(..too_many);
    }

    fn in_use(&self) -> usize {
        self.most().saturating_sub(self.permits.available_permits())
    }

    fn most(&self) -> usize {
        usize::try_from(self.max).unwrap_or(usize::MAX)
    }

    /// Closes all resting connections, after one of them turned out to be cut.
    pub(super) fn forget_idle(&self) {
        self.lock().clear();
    }

    pub(super) fn state(&self) -> PoolState {
        let idle = u32::try_from(self.lock().len()).unwrap_or(u32::MAX);
        let in_use = u32::try_from(self.in_use()).unwrap_or(u32::MAX);
        PoolState { open: in_use.saturating_add(idle), idle, max: self.max }
    }

    pub(super) async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.permits.close();
        let resting = std::mem::take(&mut *self.lock());
        for idle in resting {
            // A server that does not say goodbye must not keep us here.
            let _ = tokio::time::timeout(self.connect_timeout, idle.connection.close()).await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Idle<D::Connection>>> {
        // The list is whole between any two of its operations, so a panic elsewhere does not spoil it.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<D: Dialect> Lease<D> {
    /// Puts a new connection in the place of one that was cut in the middle of a walk.
    pub(super) async fn renew(&mut self) -> Result<(), Fault> {
        let limit = self.pool.connect_timeout;
        let connection = tokio::time::timeout(limit, self.pool.connect(Purpose::Walk)).await;
        self.connection = connection.map_err(|_| Fault::no_answer(limit))??;
        Ok(())
    }

    /// Gives the connection back: its last query has been read to the end.
    pub(super) fn release(self) {
        if !self.pool.closed.load(Ordering::Acquire) {
            self.pool.lock().push(Idle { connection: self.connection, since: Instant::now() });
        }
    }
}
