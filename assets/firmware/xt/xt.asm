; The BIOS of the XT: 16 KB at F000:C000, which holds the services in the order of this file and then, from E000 on,
; the entry points and tables at the addresses that programs know from the IBM PC/XT Technical Reference. On the plain
; board (BARE is 1) it is 32 KB at F000:8000 and has the services by which an AT's software reaches beyond 1 MB.
;
; Given by the machine that is being built: FLOPPY_A and FLOPPY_B, the types of the drives, HOST: 1 if the host performs
; most services, at the port HOST_CALL, and EXTENDED_KB, the memory from 1 MB on.

        bits 16
%if BARE
        org 8000h
%else
        org 0C000h
%endif
rom_start:

%include "bda.asm"

; Types of drives.
DRIVE_360K      equ 1
DRIVE_1200K     equ 2
DRIVE_720K      equ 3
DRIVE_1440K     equ 4

DRIVES          equ (FLOPPY_A != 0) + (FLOPPY_B != 0)

%if FLOPPY_A == DRIVE_1440K
LAST_SECTOR     equ 18
%elif FLOPPY_A == DRIVE_1200K
LAST_SECTOR     equ 15
%else
LAST_SECTOR     equ 9
%endif

%include "post.asm"
%include "tools.asm"
%include "int02_int05.asm"
%include "int08_timer.asm"
%include "int09_keys.asm"
%include "int0e_diskette.asm"
%include "int14_int17_ports.asm"
%if HOST
%include "host_stubs.asm"
%else
%include "int10_video.asm"
%include "int10_scroll.asm"
%include "int10_graphics.asm"
%include "int11_int12_int15.asm"
%include "int13_disk.asm"
%include "int13_fdc.asm"
%include "int16_keyboard.asm"
%include "int1a_time.asm"
%endif
%if BARE
%include "int15_bare.asm"
%endif
%include "int19_boot.asm"
font_upper:
        incbin "font8x8 upper"
end_of_services:

        at 0E000h
%if BARE
        db "Anachron BIOS", 0
%else
        db "Anachron XT BIOS", 0
%endif
        at 0E05Bh
reset_entry:
        jmp near post
        at 0E2C3h
        jmp near int02
        at 0E6F2h
        jmp near int19
        at 0E729h
serial_divisors:
        dw 1047, 768, 384, 192, 96, 48, 24, 12          ; 110 to 9600 baud
        jmp near int14                                  ; E739
        at 0E82Eh
        jmp near int16
        at 0E987h
        jmp near int09
        at 0EC59h
        jmp near int13
        at 0EF57h
        jmp near int0e
        at 0EFC7h
; The diskette parameters, INT 1Eh.
disk_parameters:
        db 0CFh                 ; step rate 3 ms at 500 kbit/s, head unload
        db 02h                  ; head load 2 ms, DMA
        db 25h                  ; ticks until the motor goes off
        db 2                    ; 512 bytes in a sector
        db LAST_SECTOR
        db 2Ah                  ; gap for reading and writing
        db 0FFh
        db 50h                  ; gap for formatting
        db 0F6h                 ; filler for formatting
        db 0Fh                  ; head settles, ms
        db 8                    ; motor starts, 1/8 s
        at 0EFD2h
        jmp near int17
        at 0F065h
        jmp near int10
        at 0F0A4h
; The video parameters, INT 1Dh: 16 registers of the CRTC for 40 columns, 80 columns, graphics, and MDA.
video_parameters:
        db 38h, 28h, 2Dh, 0Ah, 1Fh, 06h, 19h, 1Ch, 02h, 07h, 06h, 07h, 0, 0, 0, 0
        db 71h, 50h, 5Ah, 0Ah, 1Fh, 06h, 19h, 1Ch, 02h, 07h, 06h, 07h, 0, 0, 0, 0
        db 38h, 28h, 2Dh, 0Ah, 7Fh, 06h, 64h, 70h, 02h, 01h, 06h, 07h, 0, 0, 0, 0
        db 61h, 50h, 52h, 0Fh, 19h, 06h, 19h, 19h, 02h, 0Dh, 0Bh, 0Ch, 0, 0, 0, 0
video_page_sizes:
        dw 2048, 4096, 16384, 4096
video_mode_columns:
        db 40, 40, 80, 80, 40, 40, 80, 80
video_mode_registers:
        db 2Ch, 28h, 2Dh, 29h, 2Ah, 2Eh, 1Eh, 29h
        at 0F841h
        jmp near int12
        at 0F84Dh
        jmp near int11
        at 0F859h
%if BARE
        jmp near extended_services
%else
        jmp near int15
%endif
        at 0FA6Eh
font_lower:
        incbin "font8x8 lower"
        jmp near int1a                                  ; FE6E
        at 0FEA5h
        jmp near int08
        at 0FEF3h
; Where interrupts 08h to 1Fh go, in segment F000.
vectors:
        dw 0FEA5h, 0E987h, unexpected_irq, unexpected_irq, unexpected_irq, unexpected_irq, 0EF57h, unexpected_irq
        dw 0F065h, 0F84Dh, 0F841h, 0EC59h, 0E739h, 0F859h, 0E82Eh, 0EFD2h
        dw int18, 0E6F2h, 0FE6Eh, plain_iret, plain_iret, video_parameters, disk_parameters, font_upper
        at 0FF53h
plain_iret:
        iret
        jmp near int05                                  ; FF54
        at 0FFF0h
        jmp 0F000h:reset_entry
        db "11/21/26"
        at 0FFFEh
%if BARE
        db 0FCh                                         ; an AT, as far as services go
%else
        db 0FEh                                         ; an XT
%endif
        db 0                                            ; makes the sum of all bytes 0
