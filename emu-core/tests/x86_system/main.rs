//! What protected and long mode promise, case by case: each test is named after the rule it is about.

mod bench;
mod debugging;
mod levels;
mod long;
mod management;
mod pages;
#[path = "../quiet_bus/mod.rs"]
mod quiet_bus;
mod recording;
mod saving;
mod segments;
mod tasks;
mod virtual_8086;
