//! Guest RAM and the software TLB.
