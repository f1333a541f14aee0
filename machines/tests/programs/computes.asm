; A ROM of 8 KB that computes and halts: it fills memory, sorts, moves and compares strings, divides, and calls itself.
; It needs no stack of a BIOS, no chip and no time, so that its results are the processor's alone.

        bits 16
        org 0E000h

WORK    equ 1000h               ; the segment of its data
WORDS   equ 2000h               ; how many it fills
SORTED  equ 80                  ; how many of them it sorts
RESULTS equ 0F000h              ; in that segment

start:  cld
        xor ax, ax
        mov ss, ax
        mov sp, 7C00h
        mov ax, WORK
        mov ds, ax
        mov es, ax

; Words of a linear congruential generator.
        xor di, di
        mov cx, WORDS
        mov ax, 1234h
fill:   mov bx, 25173
        mul bx
        add ax, 13849
        stosw
        loop fill

; An insertion sort of the first.
        mov si, 2
sort:   mov ax, [si]
        mov bx, si
.down:  or bx, bx
        jz .place
        cmp ax, [bx - 2]
        jae .place
        mov dx, [bx - 2]
        mov [bx], dx
        sub bx, 2
        jmp .down
.place: mov [bx], ax
        add si, 2
        cmp si, SORTED * 2
        jb sort

; A copy, one that runs into itself at an odd address, a search, and a comparison.
        xor si, si
        mov di, 8000h
        mov cx, WORDS
        rep movsw
        mov si, 101h
        mov di, 107h
        mov cx, 1000
        rep movsb
        xor di, di
        mov ax, [1000h]
        mov cx, WORDS
        repne scasw
        mov [RESULTS], di
        mov si, 200h
        mov di, 8200h
        mov cx, 600h
        repe cmpsb
        mov [RESULTS + 2], cx
        pushf
        pop word [RESULTS + 4]

; Sums, quotients and remainders.
        xor si, si
        xor bp, bp
        mov cx, 500
divide: lodsw
        xor dx, dx
        mov bx, [si]
        or bx, 1
        div bx
        add bp, ax
        xor bp, dx
        rol bp, 1
        loop divide
        mov [RESULTS + 6], bp

; The twelfth number of Fibonacci's, the long way.
        mov ax, 12
        call fibonacci
        mov [RESULTS + 8], ax
        hlt

; AX: which one, and then that one.
fibonacci:
        cmp ax, 2
        jb .end
        push ax
        dec ax
        call fibonacci
        pop bx
        push ax
        lea ax, [bx - 2]
        call fibonacci
        pop bx
        add ax, bx
.end:   ret

        at 0FFF0h
        jmp 0F000h:start
        at 0FFFFh
        db 0
