//! Socket calls in threads of their own, so that one that blocks holds up nothing but itself.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::event::{EventfdFlags, eventfd};

use super::{calls, capability, sys};
use crate::trace::{Call, Return, Ticket};

/// A call that has returned, and when: `CLOCK_MONOTONIC` in nanoseconds.
pub(super) type Done = (Ticket, i64, Return);

/// How long a call is watched until it has returned or sleeps.
const SETTLING: Duration = Duration::from_millis(200);

/// Threads that make calls.
#[derive(Debug)]
pub(super) struct Callers {
    threads: Vec<Caller>,
    done: Arc<Mutex<VecDeque<Done>>>,
    /// Readable when a call has returned.
    bell: Arc<OwnedFd>,
}

#[derive(Debug)]
struct Caller {
    work: Sender<(Ticket, Call)>,
    state: Arc<State>,
}

/// What a thread is at.
#[derive(Debug, Default)]
struct State {
    thread: AtomicI32,
    is_calling: AtomicBool,
    is_busy: AtomicBool,
}

impl Callers {
    pub(super) fn new() -> io::Result<Callers> {
        let bell = Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?);
        Ok(Callers { threads: Vec::new(), done: Arc::default(), bell })
    }

    /// What can be waited for: it is readable when a call has returned.
    pub(super) fn bell(&self) -> i32 {
        self.bell.as_raw_fd()
    }

    /// The calls that have returned since.
    pub(super) fn take(&self) -> VecDeque<Done> {
        let _ = rustix::io::read(&*self.bell, &mut [0; 8]); // nothing to read: nothing rang
        std::mem::take(&mut *self.done.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes a call in a thread that has nothing to do, and comes back when it has returned or sleeps in the kernel.
    pub(super) fn call(&mut self, ticket: Ticket, call: Call) -> io::Result<()> {
        let idle = self.threads.iter().position(|caller| !caller.state.is_busy.load(Ordering::Acquire));
        let at = match idle {
            Some(at) => at,
            None => self.hire()?,
        };
        let Caller { work, state } = &self.threads[at];
        state.is_busy.store(true, Ordering::Release);
        work.send((ticket, call)).map_err(|_| io::Error::other("the thread for calls has ended"))?;
        state.settle();
        Ok(())
    }

    fn hire(&mut self) -> io::Result<usize> {
        let (work, jobs) = mpsc::channel::<(Ticket, Call)>();
        let state = Arc::new(State::default());
        let (own, done, bell) = (state.clone(), self.done.clone(), self.bell.clone());
        thread::Builder::new().name("calls".to_owned()).stack_size(256 << 10).spawn(move || {
            own.thread.store(sys::thread_id(), Ordering::Release);
            while let Ok((ticket, call)) = jobs.recv() {
                capability::follow();
                own.is_calling.store(true, Ordering::Release);
                let value = calls::make(&call);
                let at = sys::clock(libc::CLOCK_MONOTONIC);
                own.is_calling.store(false, Ordering::Release);
                done.lock().unwrap_or_else(PoisonError::into_inner).push_back((ticket, at, value));
                own.is_busy.store(false, Ordering::Release);
                let _ = rustix::io::write(&*bell, &1_u64.to_ne_bytes()); // a bell that is full rings already
            }
        })?;
        self.threads.push(Caller { work, state });
        Ok(self.threads.len() - 1)
    }
}

impl State {
    /// Waits until the call has returned, or sleeps.
    fn settle(&self) {
        let start = sys::clock(libc::CLOCK_MONOTONIC);
        while self.is_busy.load(Ordering::Acquire) {
            if self.is_calling.load(Ordering::Acquire) && self.is_asleep()
                || sys::clock(libc::CLOCK_MONOTONIC) - start > SETTLING.as_nanos() as i64
            {
                return;
            }
            thread::sleep(Duration::from_micros(10));
        }
    }

    /// Whether the kernel has put the thread to sleep: the state in its `stat`, behind the name in parentheses.
    fn is_asleep(&self) -> bool {
        let path = format!("/proc/self/task/{}/stat", self.thread.load(Ordering::Acquire));
        let Ok(text) = fs::read_to_string(path) else { return false };
        text.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(['S', 'D']))
    }
}
