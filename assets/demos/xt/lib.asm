; What the parts share: text on the screen, keys, time, sound, chance.

SCAN_UP         equ 48h
SCAN_DOWN       equ 50h
SCAN_LEFT       equ 4Bh
SCAN_RIGHT      equ 4Dh
ESC             equ 27

; Finds out where the text memory is.
find_display:
        mov ah, 0Fh
        int 10h
        and al, 7Fh
        mov word [screen], 0B800h
        cmp al, 7
        jne .end
        mov byte [screen + 1], 0B0h
.end:   ret

screen: dw 0

; Zero with a monochrome display.
is_monochrome:
        cmp byte [screen + 1], 0B0h
        ret

; 80 columns, all paper, no cursor.
text_mode:
        mov ax, 3
        call is_monochrome
        jne .set
        mov al, 7
.set:   int 10h
        mov ah, 1
        mov cx, 2000h
        int 10h
        mov ah, PAPER

; Fills the screen with the attribute AH.
clear:  push es
        mov es, [screen]
        call visible
        mov al, ' '
        xor di, di
        mov cx, 80 * 25
        rep stosw
        pop es
        ret

; On a monochrome display AH becomes plain, bright or inverse.
visible:
        call is_monochrome
        jne .end
        push cx
        mov cl, ah
        mov ah, 70h
        cmp cl, SELECTED
        je .known
        mov ah, cl
        and ah, 08h
        or ah, 07h
.known: pop cx
.end:   ret

; DI := the place of row DH, column DL.
place:  push ax
        mov al, 80
        mul dh
        mov di, ax
        mov al, dl
        mov ah, 0
        add di, ax
        shl di, 1
        pop ax
        ret

; Draws the text at SI at row DH, column DL in AH. SI ends behind it.
draw_text:
        push ax
        push es
        mov es, [screen]
        call visible
        call place
.next:  lodsb
        or al, al
        jz .end
        stosw
        jmp .next
.end:   pop es
        pop ax
        ret

; Draws a list: row, column, attribute, text; FFh ends it.
draw_lines:
        lodsb
        cmp al, -1
        je .end
        mov dh, al
        lodsb
        mov dl, al
        lodsb
        mov ah, al
        call draw_text
        jmp draw_lines
.end:   ret

; Draws AL in AH at row DH, column DL.
draw_character:
        push es
        push ax
        mov es, [screen]
        call visible
        call place
        mov [es:di], ax
        pop ax
        pop es
        ret

; Draws the number BX with five places in AH at row DH, column DL.
draw_number:
        push ax
        push bx
        push cx
        push dx
        push si
        mov si, 5
        add dl, 4
.next:  mov cx, dx
        xchg ax, bx             ; BH: the attribute
        xor dx, dx
        push bx
        mov bx, 10
        div bx
        pop bx
        xchg ax, bx             ; BX: the rest, AH: the attribute
        mov al, dl
        add al, '0'
        mov dx, cx
        call draw_character
        dec dx
        dec si
        jnz .next
        pop si
        pop dx
        pop cx
        pop bx
        pop ax
        ret

; Waits for a key: AL character, AH scan code.
wait_key:
        mov ah, 0
        int 16h
        ret

; Takes a key if there is one; else zero.
take_key:
        mov ah, 1
        int 16h
        jz .end
        mov ah, 0
        int 16h
        or ax, ax
.end:   ret

; Waits CX ticks of the clock (18.2 in a second), or until a key is pressed: then not zero.
wait_ticks:
        push ax
        push cx
        push dx
        push es
        mov ax, 40h
        mov es, ax
.next:  mov dx, [es:6Ch]
.same:  mov ah, 1
        int 16h
        jnz .end
        hlt
        cmp dx, [es:6Ch]
        je .same
        loop .next
        cmp al, al
.end:   pop es
        pop dx
        pop cx
        pop ax
        ret

; Sounds the divisor BX.
sound:  push ax
        mov al, 0B6h
        out 43h, al
        mov al, bl
        out 42h, al
        mov al, bh
        out 42h, al
        in al, 61h
        or al, 3
        out 61h, al
        pop ax
        ret

; The flags stay.
sound_off:
        pushf
        push ax
        in al, 61h
        and al, 0FCh
        out 61h, al
        pop ax
        popf
        ret

; AX := by chance from 0 to AX - 1.
chance: push cx
        push dx
        mov cx, ax
        mov ax, [seed]
        mov dx, 25173
        mul dx
        add ax, 13849
        mov [seed], ax
        mul cx                  ; the upper word is below CX
        mov ax, dx
        pop dx
        pop cx
        ret

; Makes chance differ from time to time.
start_chance:
        push es
        mov ax, 40h
        mov es, ax
        mov ax, [es:6Ch]
        mov [seed], ax
        pop es
        ret

seed:   dw 1
