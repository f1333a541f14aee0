//! The chips of the machines, one file each, named by part number. A chip knows its data sheet; which ports it
//! answers and who is wired to its pins is the board's affair.

pub mod coprocessor_error;
pub mod debug_console;
pub mod game_port;
pub mod host_call;
pub mod i8237a;
pub mod i8253;
pub mod i8255;
pub mod i8259a;
pub mod keyboard_xt;
pub mod mc6845;
pub mod nmi_mask;
pub mod ns16450;
pub mod parallel_port;
pub mod power_switch;
pub mod speaker;
pub mod switch_bank;
pub mod system_control;
pub mod upd765;
