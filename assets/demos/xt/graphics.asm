; A sunrise in 320 by 200 dots and four colours: rays, a sun, and a sky whose colour changes.

CENTRE_X        equ 160
HORIZON         equ 150
RADIUS          equ 45

show_graphics:
        call is_monochrome
        jne .colour
        call text_mode
        mov si, no_graphics
        call draw_lines
        jmp wait_key
.colour:
        mov ax, 4
        int 10h
        mov bx, 0001h           ; a dark blue sky
        mov ah, 0Bh
        int 10h
        mov bx, 0100h           ; green, red, brown
        mov ah, 0Bh
        int 10h
        call draw_rays
        call draw_sun
        call draw_sea

; The sky goes through its colours until a key is pressed.
.dawn:  mov si, sky
.next:  lodsb
        cmp al, -1
        je .dawn
        mov bl, al
        mov bh, 0
        mov ah, 0Bh
        int 10h
        lodsb
        mov bl, al
        mov bh, 1
        mov ah, 0Bh
        int 10h
        mov cx, 18
        call wait_ticks
        jz .next
        jmp wait_key

; Background and palette.
sky:    db 01h, 0, 11h, 0, 15h, 0, 14h, 0, 1Ch, 0, 13h, 0, 19h, 0, 1Bh, 0, 19h, 1, 11h, 1, 10h, 1, 08h, 0, -1

no_graphics:
        db 10, 16, BRIGHT, "A monochrome card has no graphics. Any key: menu", 0
        db -1

; Lines from the sun to the upper edge and the sides, their colours in turn.
draw_rays:
        mov word [line_x], -160
        mov byte [line_colour], 2
.next:  mov ax, CENTRE_X
        mov bx, HORIZON
        mov cx, [line_x]
        xor dx, dx
        call draw_line
        mov al, [line_colour]
        xor al, 1               ; red and brown
        mov [line_colour], al
        add word [line_x], 16
        cmp word [line_x], 480
        jle .next
        ret

; A half disc on the horizon.
draw_sun:
        mov byte [line_colour], 3
        mov word [line_y], -RADIUS
.next:  mov ax, [line_y]
        imul ax
        mov cx, RADIUS * RADIUS
        sub cx, ax
        call root               ; AX: half its width at this line
        mov dx, HORIZON
        add dx, [line_y]
        mov cx, CENTRE_X
        sub cx, ax
        mov bx, CENTRE_X
        add bx, ax
        call draw_row
        inc word [line_y]
        cmp word [line_y], 0
        jle .next
        ret

; Below the horizon: green water that glitters under the sun.
draw_sea:
        mov word [line_y], HORIZON + 1
.next:  mov byte [line_colour], 1
        mov dx, [line_y]
        xor cx, cx
        mov bx, 319
        call draw_row
        mov byte [line_colour], 3
        mov ax, [line_y]
        sub ax, HORIZON
        test al, 3
        jnz .plain
        mov cx, CENTRE_X
        sub cx, ax
        mov bx, CENTRE_X
        add bx, ax
        mov dx, [line_y]
        call draw_row
.plain: inc word [line_y]
        cmp word [line_y], 200
        jl .next
        ret

; AX := the whole part of the square root of CX.
root:   xor ax, ax
        mov bx, 1
.next:  sub cx, bx
        jl .end
        inc ax
        add bx, 2
        jmp .next
.end:   ret

; Dots from CX to BX on line DX.
draw_row:
        call draw_dot
        inc cx
        cmp cx, bx
        jle draw_row
        ret

; A line from AX, BX to CX, DX, of which only what lies on the screen shows (Bresenham).
draw_line:
        mov [line_end_x], cx
        mov [line_end_y], dx
        mov word [step_x], 1
        sub cx, ax
        jns .right
        neg cx
        mov word [step_x], -1
.right: mov word [step_y], 1
        sub dx, bx
        jns .down
        neg dx
        mov word [step_y], -1
.down:  mov si, cx
        sub si, dx              ; the error; CX, DX: the distances
.next:  push cx
        push dx
        mov cx, ax
        mov dx, bx
        call draw_dot
        pop dx
        pop cx
        cmp ax, [line_end_x]
        jne .move
        cmp bx, [line_end_y]
        je .end
.move:  mov di, si
        shl di, 1
        push di
        add di, dx              ; 2 * error > -DY
        jle .no_x
        sub si, dx
        add ax, [step_x]
.no_x:  pop di
        cmp di, cx              ; 2 * error < DX
        jge .next
        add si, cx
        add bx, [step_y]
        jmp .next
.end:   ret

; The dot CX, DX in line_colour, if it is on the screen.
draw_dot:
        cmp cx, 320
        jae .outside
        cmp dx, 200
        jae .outside
        push ax
        push bx
        push cx
        push es
        mov ax, 0B800h
        mov es, ax
        mov al, 80
        mov bx, dx
        shr bl, 1
        pushf
        mul bl
        popf
        jnc .even
        add ax, 2000h
.even:  mov bx, cx
        shr bx, 1
        shr bx, 1
        add bx, ax
        not cl
        and cl, 3
        shl cl, 1
        mov ah, 3
        mov al, [line_colour]
        shl ax, cl
        not ah
        and ah, [es:bx]
        or al, ah
        mov [es:bx], al
        pop es
        pop cx
        pop bx
        pop ax
.outside:
        ret

line_x          equ variables
line_y          equ variables + 2
line_colour     equ variables + 4
line_end_x      equ variables + 6
line_end_y      equ variables + 8
step_x          equ variables + 10
step_y          equ variables + 12
