; All characters, and all colours on all others.

show_text:
        call text_mode
        mov si, text_lines
        call draw_lines

; 256 characters, 32 in a row, every second column.
        xor bx, bx
.character:
        mov al, bl
        mov ah, BRIGHT
        mov dl, bl
        and dl, 1Fh
        shl dl, 1
        add dl, 8
        mov dh, bl
        mov cl, 5
        shr dh, cl
        add dh, 4
        call draw_character
        inc bl
        jnz .character

; 128 attributes; the other 128 blink.
.attribute:
        mov ah, bl
        mov al, 0FEh
        mov dl, bl
        and dl, 0Fh
        shl dl, 1
        shl dl, 1
        add dl, 8
        mov dh, bl
        mov cl, 4
        shr dh, cl
        add dh, 14
        mov cx, 4
.bar:   call draw_character
        inc dl
        loop .bar
        inc bl
        cmp bl, 80h
        jb .attribute
        jmp wait_key

text_lines:
        db 1, 30, GOLD, "Characters and colours", 0
        db 3, 8, PAPER, "Code page 437, drawn for this machine:", 0
        db 13, 8, PAPER, "16 colours on 8:", 0
        db 23, 8, 9Eh, "This line blinks.", 0
        db 23, 62, PAPER, "Any key: menu", 0
        db -1
