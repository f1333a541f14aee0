//! What protected and long mode promise, case by case: each test is named after the rule it is about.

mod bench;
#[allow(dead_code, reason = "made for another test")]
#[path = "../x86_engines/bus.rs"]
mod bus;
mod debugging;
mod levels;
mod long;
mod management;
mod pages;
mod recording;
mod segments;
mod tasks;
mod virtual_8086;
