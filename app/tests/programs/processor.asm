; A ROM of 2 KB that says at the debug console what the processor has: CMOV, ADX and SHA as "+" or "-", the first 16
; characters of CPUID's brand string, and an end of line.

        bits 16
        org 0F800h

INVALID equ 6 * 4               ; the vectors of an invalid opcode, and of a bit that does not exist
REFUSED equ 13 * 4

start:  cld
        xor ax, ax
        mov ds, ax
        mov ss, ax
        mov sp, 7C00h
        mov word [INVALID], lacks
        mov [INVALID + 2], cs
        mov word [REFUSED], lacks
        mov [REFUSED + 2], cs

        mov bx, .cmov
        db 0Fh, 20h, 0E0h       ; mov eax, cr4
        or ax, 200h             ; OSFXSR: SSE can be used, if there is any
        db 0Fh, 22h, 0E0h       ; mov cr4, eax

.cmov:  mov bx, .adx
        mov al, '-'
        db 0Fh, 40h, 0C9h       ; cmovo cx, cx
        mov al, '+'
.adx:   out 0E9h, al

        mov bx, .sha
        mov al, '-'
        db 66h, 0Fh, 38h, 0F6h, 0C9h    ; adcx ecx, ecx
        mov al, '+'
.sha:   out 0E9h, al

        mov bx, .brand
        mov al, '-'
        db 0Fh, 38h, 0C8h, 0C1h ; sha1nexte xmm0, xmm1
        mov al, '+'
.brand: out 0E9h, al

        db 66h, 0B8h            ; mov eax, 80000002h
        dw 2, 8000h
        db 0Fh, 0A2h            ; cpuid
        db 66h, 0A3h            ; mov [500h], eax
        dw 500h
        db 66h
        mov [504h], bx
        db 66h
        mov [508h], cx
        db 66h
        mov [50Ch], dx
        mov si, 500h
        mov cx, 16
.next:  lodsb
        or al, al
        jz .end
        out 0E9h, al
        loop .next
.end:   mov al, 10
        out 0E9h, al
        hlt

; On to where BX says.
lacks:  add sp, 6
        jmp bx

        at 0FFF0h
        jmp 0F000h:start
        at 0FFFFh
        db 0
