; INT 8, the timer's tick.

TICKS_PER_DAY_HIGH equ 18h      ; 1800B0h ticks of 65536/1193182 s
TICKS_PER_DAY_LOW  equ 0B0h

int08:
        sti
        push ds
        push ax
        push dx
        mov ax, BDA
        mov ds, ax
        inc word [tick_low]
        jnz .day
        inc word [tick_high]
.day:   cmp word [tick_high], TICKS_PER_DAY_HIGH
        jne .motor
        cmp word [tick_low], TICKS_PER_DAY_LOW
        jne .motor
        xor ax, ax
        mov [tick_low], ax
        mov [tick_high], ax
        mov byte [tick_overflow], 1
.motor: dec byte [motor_count]
        jnz .user
        and byte [motor_status], 0F0h
        mov al, 0Ch
        mov dx, FDC_DOR
        out dx, al
.user:  int 1Ch
        mov al, EOI
        out PIC_COMMAND, al
        pop dx
        pop ax
        pop ds
        iret
