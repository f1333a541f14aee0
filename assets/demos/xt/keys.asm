; Shows what the BIOS makes of each key, and which shift keys are down.

FIRST_KEY_ROW   equ 7
LAST_KEY_ROW    equ 20

show_keys:
        call text_mode
        mov si, key_lines
        call draw_lines
        mov dh, FIRST_KEY_ROW
        call .arrow             ; where the next key goes
.next:  call show_shifts
        mov cx, 1
        call wait_ticks
        jz .next
        call wait_key
        push ax
        mov bl, ah
        mov bh, 0
        mov dl, 10
        mov ah, BRIGHT
        call draw_number
        pop ax
        push ax
        mov bl, al
        mov bh, 0
        mov dl, 24
        mov ah, BRIGHT
        call draw_number
        pop ax
        mov ah, GOLD
        mov dl, 38
        call draw_character
        cmp al, ESC
        je .end
        mov al, ' '
        mov dl, 6
        call draw_character
        inc dh
        cmp dh, LAST_KEY_ROW
        jbe .row
        mov dh, FIRST_KEY_ROW
.row:   call .arrow
        jmp .next
.arrow: mov al, 10h
        mov ah, GOLD
        mov dl, 6
        jmp draw_character
.end:   ret

; Names light up while their keys are down.
show_shifts:
        push dx
        mov ah, 2
        int 16h
        mov bl, al
        mov si, shift_names
        mov dx, 4 << 8 | 6
        mov cx, 8
.next:  mov ah, PAPER
        shr bl, 1
        jnc .draw
        mov ah, SELECTED
.draw:  call draw_text
        add dl, 9
        loop .next
        pop dx
        ret

shift_names:
        db " Right ", 0, " Left ", 0, " Ctrl ", 0, " Alt ", 0, " Scroll ", 0, " Num ", 0, " Caps ", 0, " Insert ", 0

key_lines:
        db 2, 29, GOLD, "What the keyboard says", 0
        db 6, 8, PAPER, "Scan code", 0
        db 6, 23, PAPER, "Character", 0
        db 23, 6, PAPER, "Esc: menu", 0
        db -1
