//! `llhttp`, the parser of Node.js, run as WebAssembly: it is C, and needs neither a C compiler nor unsafe code so.
//!
//! Memory and work are bounded: what is past them is told as a refusal of ours.

mod host;

use wasmi::{Config, Engine, Instance, Linker, Memory, Module, Store, StoreLimitsBuilder, WasmParams, WasmResults};
use wirelaw_reference::http::{Kind, RequestMethod};

use super::{End, Parser, Seen};
use host::Host;

/// The module: see `fixtures/parsers/README.md`.
const MODULE: &[u8] = include_bytes!("../../../../fixtures/parsers/llhttp.wasm");

/// Its memory may grow to this.
const MEMORY: usize = 256 << 20;

/// More octets than this are not given to it.
const MOST: usize = 64 << 20;

/// What the machine may spend on an octet. A jump through a table costs as much as the table is long, so that small
/// requests take about 17 000 for each of their octets.
const FUEL_PER_OCTET: u64 = 100_000;

/// `llhttp_errno_t`.
const OK: i32 = 0;
const CLOSED_CONNECTION: i32 = 5;
const INVALID_EOF_STATE: i32 = 14;
const PAUSED: i32 = 21;
const PAUSED_UPGRADE: i32 = 22;

/// A machine that has `llhttp` loaded; good for any number of readings.
#[derive(Debug)]
pub struct Llhttp {
    store: Store<Host>,
    instance: Instance,
    memory: Memory,
}

/// The machine gave up: out of memory or of work.
struct Exhausted(String);

impl From<wasmi::Error> for Exhausted {
    fn from(error: wasmi::Error) -> Exhausted {
        Exhausted(error.to_string())
    }
}

impl Default for Llhttp {
    fn default() -> Llhttp {
        Llhttp::new()
    }
}

impl Llhttp {
    /// Loads the module.
    pub fn new() -> Llhttp {
        Llhttp::load().unwrap_or_else(|error| panic!("the module is part of this program, and it is valid: {error}"))
    }

    fn load() -> Result<Llhttp, wasmi::Error> {
        let mut config = Config::default();
        config.consume_fuel(true);
        let engine = Engine::new(&config);
        let module = Module::new(&engine, MODULE)?;
        let limits = StoreLimitsBuilder::new().memory_size(MEMORY).build();
        let mut store = Store::new(&engine, Host::bounded(limits));
        store.limiter(|host| &mut host.limits);
        store.set_fuel(1_000_000)?;
        let mut linker = Linker::new(&engine);
        host::link(&mut linker)?;
        let instance = linker.instantiate_and_start(&mut store, &module)?;
        let memory =
            instance.get_memory(&store, "memory").ok_or_else(|| wasmi::Error::new("the module exports no memory"))?;
        let mut machine = Llhttp { store, instance, memory };
        machine.call::<(), ()>("_initialize", ())?;
        Ok(machine)
    }

    /// Reads all messages that these octets begin with; they are all that comes before the connection closes.
    pub fn read(&mut self, octets: &[u8], kind: Kind, methods: &[String]) -> Seen {
        let answers = methods.iter().map(|method| RequestMethod::of(method.as_bytes())).collect();
        self.store.data_mut().begin(octets, answers);
        let end = if octets.len() > MOST {
            End::Rejected { at: 0, why: "more octets than are given to it here".to_owned() }
        } else {
            self.run(octets, kind).unwrap_or_else(|Exhausted(why)| {
                let at = self.store.data().progress();
                let messages = self.store.data_mut().take();
                *self = Llhttp::new(); // what a trap leaves behind is not used again
                self.store.data_mut().put(messages);
                End::Rejected { at, why }
            })
        };
        Seen { parser: Parser::Llhttp, messages: self.store.data_mut().take(), end }
    }

    fn call<P: WasmParams, R: WasmResults>(&mut self, name: &str, parameters: P) -> Result<R, wasmi::Error> {
        self.instance.get_typed_func::<P, R>(&self.store, name)?.call(&mut self.store, parameters)
    }

    fn run(&mut self, octets: &[u8], kind: Kind) -> Result<End, Exhausted> {
        self.store.set_fuel(10_000_000 + FUEL_PER_OCTET * octets.len() as u64)?;
        let size = i32::try_from(octets.len().max(1)).map_err(|error| Exhausted(error.to_string()))?;
        let buffer: i32 = self.call("malloc", size)?;
        if buffer == 0 {
            return Err(Exhausted("out of memory".to_owned()));
        }
        self.memory
            .write(&mut self.store, buffer as u32 as usize, octets)
            .map_err(|error| Exhausted(error.to_string()))?;
        self.store.data_mut().base = buffer as u32;
        let parser: i32 = self.call("llhttp_alloc", if kind == Kind::Request { 1 } else { 2 })?;
        let end = self.execute(parser, buffer, octets.len())?;
        self.call::<i32, ()>("llhttp_free", parser)?;
        self.call::<i32, ()>("free", buffer)?;
        Ok(end)
    }

    /// Where the parser stopped, in octets from the beginning.
    fn stopped(&mut self, parser: i32, buffer: i32, length: usize) -> Result<usize, Exhausted> {
        let position: i32 = self.call("llhttp_get_error_pos", parser)?;
        Ok((position.wrapping_sub(buffer) as u32 as usize).min(length))
    }

    /// It pauses behind each message, which tells where that ends.
    fn execute(&mut self, parser: i32, buffer: i32, length: usize) -> Result<End, Exhausted> {
        let (mut at, mut paused) = (0, false);
        // Behind a pause there is something to do even if no octets are left: the message is put away.
        while at < length || paused {
            let code: i32 =
                self.call("llhttp_execute", (parser, buffer.wrapping_add(at as i32), (length - at) as i32))?;
            if code == OK {
                break;
            }
            paused = code == PAUSED;
            let stopped = self.stopped(parser, buffer, length)?;
            match code {
                PAUSED => {
                    self.store.data_mut().ended(stopped as u64);
                    self.call::<i32, ()>("llhttp_resume", parser)?;
                    at = stopped;
                }
                // As long as nobody has answered 101, requests go on.
                PAUSED_UPGRADE if self.store.data().asks_upgrade() => {
                    self.call::<i32, ()>("llhttp_resume_after_upgrade", parser)?;
                    at = stopped;
                    paused = true;
                }
                PAUSED_UPGRADE | CLOSED_CONNECTION => {
                    let end = self.store.data().progress();
                    return Ok(if end < length as u64 { End::Behind(end) } else { End::Clean });
                }
                _ => {
                    let why = self.text("llhttp_errno_name", code)?;
                    return Ok(End::Rejected { at: stopped as u64, why });
                }
            }
        }
        let code: i32 = self.call("llhttp_finish", parser)?;
        match code {
            OK | PAUSED | PAUSED_UPGRADE => {
                self.store.data_mut().ended(length as u64);
                Ok(if self.store.data().is_within() { End::Incomplete } else { End::Clean })
            }
            INVALID_EOF_STATE => Ok(End::Incomplete),
            _ => Ok(End::Rejected { at: length as u64, why: self.text("llhttp_errno_name", code)? }),
        }
    }

    /// A text that the module has a pointer to.
    fn text(&mut self, function: &str, parameter: i32) -> Result<String, Exhausted> {
        let pointer: i32 = self.call(function, parameter)?;
        Ok(String::from_utf8_lossy(&host::text(self.memory.data(&self.store), pointer)).into_owned())
    }
}
