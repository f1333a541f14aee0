; INT 8, the timer's tick, and INT 1Ah, the time of day.

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

; AH=0 reads the ticks since midnight into CX:DX, and in AL whether midnight has passed; AH=1 sets them.
int1a:
        sti
        push ds
        push ax
        mov ax, BDA
        mov ds, ax
        pop ax
        cli
        cmp ah, 1
        ja .end
        je .set
        mov al, [tick_overflow]
        mov byte [tick_overflow], 0
        mov cx, [tick_high]
        mov dx, [tick_low]
        jmp .end
.set:   mov [tick_low], dx
        mov [tick_high], cx
        mov byte [tick_overflow], 0
.end:   sti
        pop ds
        iret
