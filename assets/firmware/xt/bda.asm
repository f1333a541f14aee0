; The BIOS data area at segment 40h (IBM PC/XT Technical Reference, "BIOS listing"; the two media bytes and track
; bytes as on the AT) and the ports of the board.

BDA             equ 40h

com_ports       equ 00h         ; 4 words
lpt_ports       equ 08h         ; 4 words
equipment       equ 10h
init_flag       equ 12h
memory_kb       equ 13h
kb_flags        equ 17h
kb_flags2       equ 18h
kb_alt_number   equ 19h
kb_head         equ 1Ah
kb_tail         equ 1Ch
kb_buffer       equ 1Eh         ; 16 words
kb_buffer_end   equ 3Eh
seek_status     equ 3Eh         ; bit 7: the controller interrupted; bits 0-1: the drive knows its track
motor_status    equ 3Fh         ; bits 0-1: the motor is on
motor_count     equ 40h         ; ticks until the motors go off
disk_status     equ 41h
fdc_results     equ 42h         ; 7 bytes
video_mode      equ 49h
video_columns   equ 4Ah
video_page_size equ 4Ch
video_start     equ 4Eh
cursor_places   equ 50h         ; 8 words
cursor_shape    equ 60h
active_page     equ 62h
crtc_port       equ 63h
video_mode_reg  equ 65h
video_palette   equ 66h
rom_entry       equ 67h         ; far pointer to an option ROM
tick_low        equ 6Ch
tick_high       equ 6Eh
tick_overflow   equ 70h
break_flag      equ 71h
reset_flag      equ 72h
lpt_timeouts    equ 78h
com_timeouts    equ 7Ch
kb_start_at     equ 80h
kb_end_at       equ 82h
media_state     equ 90h         ; a byte per drive, see int13_disk.asm
disk_track      equ 94h         ; a byte per drive
print_status    equ 100h        ; 50:00, INT 5

WARM_BOOT       equ 1234h
BLOCK_MOVED     equ 5AB1h       ; of reset_flag on the plain board: a block move on an 80286 ends with this reset

PIC_COMMAND     equ 20h
PIC_MASK        equ 21h
PIT_COUNTER_0   equ 40h
PIT_COUNTER_1   equ 41h
PIT_COUNTER_2   equ 42h
PIT_CONTROL     equ 43h
KEYBOARD_DATA   equ 60h
PORT_B          equ 61h
PORT_C          equ 62h
PPI_CONTROL     equ 63h
NMI_MASK        equ 0A0h

EOI             equ 20h

; The plain board has these.
PIC2_COMMAND    equ 0A0h
PIC2_MASK       equ 0A1h
COPROCESSOR     equ 0F0h        ; a write takes its error back
SYSTEM_CONTROL  equ 92h         ; bit 0: resets the processor, bit 1: A20

FDC_DOR         equ 3F2h        ; motors, DMA, reset, drive
FDC_STATUS      equ 3F4h
FDC_DATA        equ 3F5h
FDC_RATE        equ 3F7h        ; read: bit 7, the disk was changed
