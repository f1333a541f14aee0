; Ludwig van Beethoven's "Ode to Joy" (1824) for one voice.

; Divisors of the timer for the notes' hundredths of hertz.
TIMER           equ 119318200
G3              equ TIMER / 19600
C4              equ TIMER / 26163
D4              equ TIMER / 29366
E4              equ TIMER / 32963
F4              equ TIMER / 34923
G4              equ TIMER / 39200

play_tune:
        call text_mode
        mov si, tune_lines
        call draw_lines
        mov si, tune
        mov dl, 4
.next:  lodsw
        or ax, ax
        jz .end
        mov bx, ax
        lodsw                   ; AL: ticks, AH: height on the screen
        call draw_note
        call sound
        mov cl, al
        mov ch, 0
        dec cx
        call wait_ticks
        call sound_off
        jnz .key
        mov cx, 1
        call wait_ticks
        jnz .key
        jmp .next
.end:   mov si, tune_again
        call draw_lines
.key:   call wait_key
        cmp al, 13
        je play_tune
        ret

; A note at column DL, which moves on; a new line begins where it must.
draw_note:
        push ax
        mov dh, ah
        mov ax, GOLD << 8 | 0Eh
        call draw_character
        inc dl
        inc dl
        cmp dl, 74
        jb .end
        mov dl, 4
        push si
        mov si, tune_lines
        push dx
        mov ah, PAPER
        call clear
        call draw_lines
        pop dx
        pop si
.end:   pop ax
        ret

tune_lines:
        db 2, 34, GOLD, "Ode to Joy", 0
        db 22, 4, PAPER, "Ludwig van Beethoven, 1824. On the speaker: one voice, one timer.", 0
        db 23, 4, PAPER, "Esc: menu", 0
        db -1
tune_again:
        db 23, 4, BRIGHT, "Enter: again   Esc: menu", 0
        db -1

; Divisor; ticks and row.
tune:
        dw E4, 12 << 8 | 7, E4, 12 << 8 | 7, F4, 11 << 8 | 7, G4, 10 << 8 | 7
        dw G4, 10 << 8 | 7, F4, 11 << 8 | 7, E4, 12 << 8 | 7, D4, 13 << 8 | 7
        dw C4, 14 << 8 | 7, C4, 14 << 8 | 7, D4, 13 << 8 | 7, E4, 12 << 8 | 7
        dw E4, 12 << 8 | 10, D4, 13 << 8 | 4, D4, 13 << 8 | 14
        dw E4, 12 << 8 | 7, E4, 12 << 8 | 7, F4, 11 << 8 | 7, G4, 10 << 8 | 7
        dw G4, 10 << 8 | 7, F4, 11 << 8 | 7, E4, 12 << 8 | 7, D4, 13 << 8 | 7
        dw C4, 14 << 8 | 7, C4, 14 << 8 | 7, D4, 13 << 8 | 7, E4, 12 << 8 | 7
        dw D4, 13 << 8 | 10, C4, 14 << 8 | 4, C4, 14 << 8 | 14
        dw D4, 13 << 8 | 7, D4, 13 << 8 | 7, E4, 12 << 8 | 7, C4, 14 << 8 | 7
        dw D4, 13 << 8 | 7, E4, 12 << 8 | 4, F4, 11 << 8 | 4, E4, 12 << 8 | 7, C4, 14 << 8 | 7
        dw D4, 13 << 8 | 7, E4, 12 << 8 | 4, F4, 11 << 8 | 4, E4, 12 << 8 | 7, D4, 13 << 8 | 7
        dw C4, 14 << 8 | 7, D4, 13 << 8 | 7, G3, 17 << 8 | 14
        dw E4, 12 << 8 | 7, E4, 12 << 8 | 7, F4, 11 << 8 | 7, G4, 10 << 8 | 7
        dw G4, 10 << 8 | 7, F4, 11 << 8 | 7, E4, 12 << 8 | 7, D4, 13 << 8 | 7
        dw C4, 14 << 8 | 7, C4, 14 << 8 | 7, D4, 13 << 8 | 7, E4, 12 << 8 | 7
        dw D4, 13 << 8 | 10, C4, 14 << 8 | 4, C4, 14 << 8 | 14
        dw 0
