//! DashMap with aHash, from boxed bytes to boxed bytes.
use std::arch::asm;
use std::ffi::{c_char, c_int, c_uint, c_void};
use std::ptr::{null, null_mut};
use std::slice::from_raw_parts;

use ahash::RandomState;
use dashmap::DashMap;

type Map = DashMap<Box<[u8]>, Box<[u8]>, RandomState>;

// bench/cachepeer.h
const ABI: u32 = 1;
const WRITERS: u32 = 1;
const KEY_MOST: usize = 40;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Key {
    at: [u8; KEY_MOST],
    n: u32,
    number: u32,
}

impl Key {
    #[inline(always)]
    fn bytes(&self) -> &[u8] {
        unsafe { self.at.get_unchecked(..self.n as usize) }
    }
}

#[repr(C)]
pub struct Value {
    p: *const u8,
    n: usize,
}

impl Value {
    #[inline(always)]
    fn copy(&self) -> Box<[u8]> {
        unsafe { from_raw_parts(self.p, self.n) }.into()
    }
}

type Op = unsafe extern "C" fn(*mut c_void, *const Key, usize, *const Value) -> usize;
type Lone = unsafe extern "C" fn(*mut c_void, *const Key, usize, extern "C" fn() -> u64, *mut u32) -> usize;

#[repr(C)]
pub struct Peer {
    abi: u32,
    flags: u32,
    name: *const c_char,
    version: *const c_char,
    note: *const c_char,
    open: unsafe extern "C" fn(usize, usize, c_int) -> *mut c_void,
    close: unsafe extern "C" fn(*mut c_void),
    join: Option<unsafe extern "C" fn(*mut c_void) -> *mut c_void>,
    leave: Option<unsafe extern "C" fn(*mut c_void)>,
    get: Op,
    grouped: Option<Op>,
    many: Option<Op>,
    mixed: Op,
    set: Op,
    del: Op,
    lone: Lone,
    size: Option<unsafe extern "C" fn(*mut c_void, *mut u64, *mut u64)>,
}
unsafe impl Sync for Peer {} // it never changes

unsafe extern "C" fn open(entries: usize, _value_n: usize, _full: c_int) -> *mut c_void {
    let map: Map = DashMap::with_capacity_and_hasher(entries, RandomState::new());
    Box::into_raw(Box::new(map)).cast()
}

unsafe extern "C" fn close(table: *mut c_void) {
    if table != null_mut() {
        drop(Box::from_raw(table.cast::<Map>()));
    }
}

#[inline(always)]
unsafe fn map<'a>(table: *mut c_void) -> &'a Map {
    &*table.cast::<Map>()
}

/// Where the value lies, seen while its guard is held.
#[inline(always)]
fn find(map: &Map, key: &Key) -> *const u8 {
    match map.get(key.bytes()) {
        Some(guard) => guard.value().as_ptr(),
        None => null(),
    }
}

unsafe extern "C" fn get(table: *mut c_void, k: *const Key, n: usize, _v: *const Value) -> usize {
    let map = map(table);
    let mut found = 0;
    let mut sum = 0usize;
    for key in from_raw_parts(k, n) {
        let p = find(map, key);
        found += usize::from(!p.is_null());
        sum = sum.wrapping_add(p as usize);
    }
    asm!("/* {0} */", in(reg) sum, options(nomem, nostack, preserves_flags));
    found
}

unsafe extern "C" fn mixed(table: *mut c_void, k: *const Key, n: usize, v: *const Value) -> usize {
    let map = map(table);
    let mut found = 0;
    for (i, key) in from_raw_parts(k, n).iter().enumerate() {
        if i % 10 == 9 {
            map.insert(key.bytes().into(), (*v).copy());
            found += 1;
        } else {
            found += usize::from(!find(map, key).is_null());
        }
    }
    found
}

unsafe extern "C" fn set(table: *mut c_void, k: *const Key, n: usize, v: *const Value) -> usize {
    let map = map(table);
    for key in from_raw_parts(k, n) {
        map.insert(key.bytes().into(), (*v).copy());
    }
    n
}

unsafe extern "C" fn del(table: *mut c_void, k: *const Key, n: usize, _v: *const Value) -> usize {
    let map = map(table);
    from_raw_parts(k, n).iter().filter(|key| map.remove(key.bytes()).is_some()).count()
}

unsafe extern "C" fn lone(
    table: *mut c_void,
    k: *const Key,
    n: usize,
    tick: extern "C" fn() -> u64,
    ticks: *mut u32,
) -> usize {
    let map = map(table);
    let mut found = 0;
    for i in 0..n {
        let key = *k.add(i);
        asm!("/* {0} */", in(reg) &key, options(nostack, preserves_flags));
        let from = tick();
        let p = find(map, &key);
        asm!("/* {0} */", in(reg) p, options(nostack, preserves_flags));
        *ticks.add(i) = tick().wrapping_sub(from) as u32;
        found += usize::from(!p.is_null());
    }
    found
}

static PEER: Peer = Peer {
    abi: ABI,
    flags: WRITERS,
    name: "DashMap + aHash\0".as_ptr().cast(),
    version: concat!(env!("PEER_VERSIONS"), "\0").as_ptr().cast(),
    note: "a read lock of one of its shards for each get\0".as_ptr().cast(),
    open,
    close,
    join: None,
    leave: None,
    get,
    grouped: None,
    many: None,
    mixed,
    set,
    del,
    lone,
    size: None,
};

#[no_mangle]
pub extern "C" fn wtl_cachepeer_at(i: c_uint) -> *const Peer {
    if i == 0 {
        &PEER
    } else {
        null()
    }
}
