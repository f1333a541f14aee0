; "First Light", the disk that a new machine starts with: a menu, and behind it text, graphics, sound, keyboard and a
; game. Runs on any IBM-compatible XT with CGA or MDA; Esc comes back from everything.

        bits 16
        org 0

; Attributes: background in the upper half, foreground in the lower.
PAPER           equ 17h         ; light grey on blue
BRIGHT          equ 1Fh
GOLD            equ 1Eh
SELECTED        equ 70h

        cli
        mov ax, cs
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 0FFFEh
        sti
        cld
        call find_display

; The menu.
menu:   call text_mode
        mov si, title_lines
        call draw_lines
        mov byte [choice], 0
.draw:  call draw_choices
.key:   call wait_key
        cmp ah, SCAN_UP
        je .up
        cmp ah, SCAN_DOWN
        je .down
        cmp al, 13
        je .start
        sub al, '1'
        jb .key
        cmp al, CHOICES
        jae .key
        mov [choice], al
        call draw_choices
.start: mov bl, [choice]
        mov bh, 0
        shl bx, 1
        call [bx + programs]
        call sound_off
        mov al, [choice]
        push ax
        call text_mode
        mov si, title_lines
        call draw_lines
        pop ax
        mov [choice], al
        jmp .draw
.up:    dec byte [choice]
        jns .draw
        mov byte [choice], CHOICES - 1
        jmp .draw
.down:  inc byte [choice]
        cmp byte [choice], CHOICES
        jb .draw
        mov byte [choice], 0
        jmp .draw

FIRST_CHOICE    equ 9           ; the row of the first

draw_choices:
        mov bl, 0
        mov si, choice_texts
.next:  mov dh, FIRST_CHOICE
        add dh, bl
        add dh, bl
        mov dl, 24
        mov ah, BRIGHT
        cmp bl, [choice]
        jne .draw
        mov ah, SELECTED
.draw:  call draw_text
        inc bl
        cmp bl, CHOICES
        jb .next
        ret

CHOICES         equ 5
programs:
        dw show_text, show_graphics, play_tune, show_keys, play_snake
choice_texts:
        db "  1  Characters and colours   ", 0
        db "  2  Sunrise (graphics)       ", 0
        db "  3  A tune                   ", 0
        db "  4  What the keyboard says   ", 0
        db "  5  Snake                    ", 0

; Row, column, attribute, text; ends with FFh.
title_lines:
        db 2, 26, GOLD, "* * *   FIRST LIGHT   * * *", 0
        db 4, 19, PAPER, "Your machine runs. Here is what it can do.", 0
        db 21, 17, PAPER, "Arrows and Enter, or a digit.  Esc comes back.", 0
        db 23, 14, PAPER, "To run DOS, put its disk image in and press Ctrl+Alt+Del.", 0
        db -1

%include "lib.asm"
%include "text.asm"
%include "graphics.asm"
%include "tune.asm"
%include "keys.asm"
%include "snake.asm"

; Behind the program: what need not be loaded.
choice          equ end_of_program
variables       equ end_of_program + 2
end_of_program:
