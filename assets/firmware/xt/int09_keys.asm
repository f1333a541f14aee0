; INT 9: the keyboard sends the code of a key that goes down, and with bit 7 of one that comes up.

; Bits of kb_flags; the same of kb_flags2 say that the key is down.
RIGHT_SHIFT     equ 01h
LEFT_SHIFT      equ 02h
CTRL            equ 04h
ALT             equ 08h
SCROLL_LOCK     equ 10h
NUM_LOCK        equ 20h
CAPS_LOCK       equ 40h
INSERT          equ 80h
PAUSED          equ 08h         ; of kb_flags2

SCAN_CTRL       equ 1Dh
SCAN_LEFT       equ 2Ah
SCAN_RIGHT      equ 36h
SCAN_STAR       equ 37h
SCAN_ALT        equ 38h
SCAN_CAPS       equ 3Ah
SCAN_F1         equ 3Bh
SCAN_NUM        equ 45h
SCAN_SCROLL     equ 46h
SCAN_HOME       equ 47h
SCAN_INSERT     equ 52h
SCAN_DELETE     equ 53h
NO_KEY          equ 0FFh        ; in the tables: nothing comes of it

int09:
        sti
        push ax
        push bx
        push cx
        push dx
        push si
        push di
        push ds
        push es
        cld
        mov ax, BDA
        mov ds, ax
        in al, KEYBOARD_DATA
        push ax
        in al, PORT_B           ; acknowledge
        mov ah, al
        or al, 80h
        out PORT_B, al
        mov al, ah
        and al, 7Fh
        out PORT_B, al
        pop ax
        cmp al, 0FFh
        je .too_fast
        call key_event
        jmp .end
.too_fast:                      ; the keyboard's own buffer ran over
        call key_beep
.end:   cli
        mov al, EOI
        out PIC_COMMAND, al
        pop es
        pop ds
        pop di
        pop si
        pop dx
        pop cx
        pop bx
        pop ax
        iret

; AL came from the keyboard.
key_event:
        mov ah, al
        and al, 7Fh
        push cs
        pop es
        mov di, held_keys
        mov cx, 4
        repne scasb
        je .held
        mov cx, 4               ; the locks and Insert follow
        repne scasb
        je .lock
        test ah, 80h
        jnz .none
        jmp key_down
.none:  ret

; A key that matters while it is down.
.held:  mov bl, [cs:di - held_keys + held_bits - 1]
        test ah, 80h
        jnz .held_up
        or [kb_flags], bl
        ret
.held_up:
        not bl
        and [kb_flags], bl
        cmp bl, ~ALT & 0FFh
        jne .none
        xor ax, ax              ; Alt comes up: a number typed meanwhile is a character
        xchg al, [kb_alt_number]
        or al, al
        jz .none
        jmp store_key

; A key that switches something over, once for each time that it goes down.
.lock:  mov bl, [cs:di - held_keys + held_bits - 1]
        test ah, 80h
        jnz .lock_up
        test byte [kb_flags], CTRL
        jz .lock_alone
        cmp al, SCAN_INSERT     ; Ctrl-Num Lock pauses, Ctrl-Scroll Lock breaks
        je .none
        jmp key_down
.lock_alone:
        test byte [kb_flags], ALT
        jnz .alt_lock
        cmp al, SCAN_INSERT
        jne .toggle
        call keypad_is_numeric
        jnz .number
.toggle:
        test [kb_flags2], bl
        jnz .repeat
        or [kb_flags2], bl
        xor [kb_flags], bl
        cmp al, SCAN_INSERT
        jne .none
.insert:
        mov ax, 5200h
        jmp store_key
.repeat:
        cmp al, SCAN_INSERT
        je .insert
        ret
.number:
        jmp key_down
.alt_lock:
        cmp al, SCAN_INSERT
        je .number
        jmp .toggle
.lock_up:
        not bl
        and [kb_flags2], bl
        ret

; Key AL went down and is none of the above.
key_down:
        test byte [kb_flags2], PAUSED
        jz .running
        cmp al, SCAN_NUM
        je .none
        and byte [kb_flags2], ~PAUSED & 0FFh
.none:  ret
.running:
        cmp al, SCAN_DELETE
        ja .none
        mov ah, al
        mov bl, [kb_flags]
        test bl, ALT
        jnz near key_with_alt
        test bl, CTRL
        jnz key_with_ctrl
        cmp al, SCAN_HOME
        jae key_of_pad
        cmp al, SCAN_F1
        jae .function
        cmp al, SCAN_STAR
        je .star
        call key_table          ; CL plain, CH shifted
        mov al, cl
        call shifted
        jz .caps
        mov al, ch
.caps:  test bl, CAPS_LOCK
        jz .store
        call flip_letter
.store: jmp store_key
.star:  mov al, '*'
        call shifted
        jz .store
        mov al, EOI             ; Shift-PrtSc; it takes long
        out PIC_COMMAND, al
        int 5
        ret
.function:
        xor al, al
        call shifted
        jz .store
        add ah, 54h - SCAN_F1
        jmp .store

; Not zero if a Shift key is down.
shifted:
        test bl, LEFT_SHIFT | RIGHT_SHIFT
        ret

; Not zero if the keypad gives digits.
keypad_is_numeric:
        push ax
        mov ah, [kb_flags]
        mov al, ah
        and al, NUM_LOCK
        test ah, LEFT_SHIFT | RIGHT_SHIFT
        jz .end
        xor al, NUM_LOCK
.end:   or al, al
        pop ax
        ret

; A keypad's key AL = AH without Ctrl and Alt.
key_of_pad:
        call keypad_is_numeric
        mov bl, ah
        mov bh, 0
        mov al, [cs:bx + pad_digits - SCAN_HOME]
        jnz .store
        cmp al, '+'
        je .store
        cmp al, '-'
        je .store
        cmp al, '5'
        je .none
        mov al, 0
.store: jmp store_key
.none:  ret

key_with_ctrl:
        cmp al, SCAN_SCROLL
        je .break
        cmp al, SCAN_NUM
        je .pause
        cmp al, SCAN_HOME
        jae .pad
        cmp al, SCAN_F1
        jae .function
        mov ah, 72h             ; Ctrl-PrtSc
        cmp al, SCAN_STAR
        mov cl, 0
        je .found
        mov ah, al
        call key_table
        mov cl, dl
        cmp cl, NO_KEY
        je .none
.found: mov al, cl
        jmp store_key
.none:  ret
.function:
        add ah, 5Eh - SCAN_F1
        mov al, 0
        jmp store_key
.pad:   mov bl, al
        mov bh, 0
        mov ah, [cs:bx + pad_ctrl - SCAN_HOME]
        or ah, ah
        jz .none
        mov al, 0
        jmp store_key
.break: mov ax, [kb_start_at]
        mov [kb_head], ax
        mov [kb_tail], ax
        mov byte [break_flag], 80h
        int 1Bh
        xor ax, ax
        jmp store_key
; Stops everything but interrupts until a key is pressed.
.pause: or byte [kb_flags2], PAUSED
        mov al, EOI
        out PIC_COMMAND, al
        cmp byte [video_mode], 7
        je .wait
        mov al, [video_mode_reg]
        mov dx, 3D8h            ; a program may have left the display dark
        out dx, al
.wait:  sti
        hlt
        test byte [kb_flags2], PAUSED
        jnz .wait
        ret

key_with_alt:
        cmp al, SCAN_DELETE
        jne .no_restart
        test bl, CTRL
        jz .no_restart
        mov word [reset_flag], WARM_BOOT
        jmp 0F000h:reset_entry
.no_restart:
        cmp al, SCAN_HOME
        jae .number
        cmp al, SCAN_F1
        jae .function
        call key_table
        mov ah, dh
        cmp dh, NO_KEY
        je .none
        mov al, 0
        cmp ah, 39h
        jne .store
        mov al, ' '
.store: mov byte [kb_alt_number], 0
        jmp store_key
.none:  ret
.function:
        cmp al, SCAN_F1 + 10
        jae .none
        add ah, 68h - SCAN_F1
        mov al, 0
        jmp .store
; Digits on the keypad add up to a character.
.number:
        mov bl, al
        mov bh, 0
        mov cl, [cs:bx + pad_digits - SCAN_HOME]
        sub cl, '0'
        jb .none
        mov al, 10
        mul byte [kb_alt_number]
        add al, cl
        mov [kb_alt_number], al
        ret

; The row of the key AL: CL plain, CH with Shift, DL with Ctrl, DH the code with Alt.
key_table:
        push bx
        mov bl, al
        mov bh, 0
        shl bx, 1
        shl bx, 1
        mov cx, [cs:bx + keys - 4]
        mov dx, [cs:bx + keys - 2]
        pop bx
        ret

; Caps Lock turns the case of letters over.
flip_letter:
        mov cl, al
        or cl, 20h
        cmp cl, 'a'
        jb .end
        cmp cl, 'z'
        ja .end
        xor al, 20h
.end:   ret

; Puts AX into the buffer, or beeps if it is full. Characters that are NO_KEY are dropped.
store_key:
        cmp al, NO_KEY
        jne .put
        cmp ah, 0
        jne .end                ; FFh typed with Alt and digits is a character
.put:   cli
        mov bx, [kb_tail]
        mov si, bx
        call next_in_buffer
        cmp bx, [kb_head]
        je .full
        mov [si], ax
        mov [kb_tail], bx
.end:   sti
        ret
.full:  sti
key_beep:
        mov al, EOI
        out PIC_COMMAND, al
        mov cx, 40
        jmp beep

; BX to the next word of the ring.
next_in_buffer:
        inc bx
        inc bx
        cmp bx, [kb_end_at]
        jne .end
        mov bx, [kb_start_at]
.end:   ret

; Keys that are held and keys that switch; the bits in the same order.
held_keys:
        db SCAN_RIGHT, SCAN_LEFT, SCAN_CTRL, SCAN_ALT, SCAN_SCROLL, SCAN_NUM, SCAN_CAPS, SCAN_INSERT
held_bits:
        db RIGHT_SHIFT, LEFT_SHIFT, CTRL, ALT, SCROLL_LOCK, NUM_LOCK, CAPS_LOCK, INSERT

; For each key from Esc on: plain, with Shift, with Ctrl; the code with Alt.
keys:
        db 27, 27, 27, NO_KEY                           ; 01 Esc
        db '1', '!', NO_KEY, 78h
        db '2', '@', 0, 79h
        db '3', '#', NO_KEY, 7Ah
        db '4', '$', NO_KEY, 7Bh
        db '5', '%', NO_KEY, 7Ch
        db '6', '^', 1Eh, 7Dh
        db '7', '&', NO_KEY, 7Eh
        db '8', '*', NO_KEY, 7Fh
        db '9', '(', NO_KEY, 80h
        db '0', ')', NO_KEY, 81h
        db '-', '_', 1Fh, 82h
        db '=', '+', NO_KEY, 83h
        db 8, 8, 7Fh, NO_KEY                            ; 0E Backspace
        db 9, 0, NO_KEY, NO_KEY                         ; 0F Tab
        db 'q', 'Q', 11h, 10h
        db 'w', 'W', 17h, 11h
        db 'e', 'E', 05h, 12h
        db 'r', 'R', 12h, 13h
        db 't', 'T', 14h, 14h
        db 'y', 'Y', 19h, 15h
        db 'u', 'U', 15h, 16h
        db 'i', 'I', 09h, 17h
        db 'o', 'O', 0Fh, 18h
        db 'p', 'P', 10h, 19h
        db '[', '{', 1Bh, NO_KEY
        db ']', '}', 1Dh, NO_KEY
        db 13, 13, 10, NO_KEY                           ; 1C Enter
        db NO_KEY, NO_KEY, NO_KEY, NO_KEY               ; 1D Ctrl
        db 'a', 'A', 01h, 1Eh
        db 's', 'S', 13h, 1Fh
        db 'd', 'D', 04h, 20h
        db 'f', 'F', 06h, 21h
        db 'g', 'G', 07h, 22h
        db 'h', 'H', 08h, 23h
        db 'j', 'J', 0Ah, 24h
        db 'k', 'K', 0Bh, 25h
        db 'l', 'L', 0Ch, 26h
        db ';', ':', NO_KEY, NO_KEY
        db "'", '"', NO_KEY, NO_KEY
        db '`', '~', NO_KEY, NO_KEY
        db NO_KEY, NO_KEY, NO_KEY, NO_KEY               ; 2A left Shift
        db '\', '|', 1Ch, NO_KEY
        db 'z', 'Z', 1Ah, 2Ch
        db 'x', 'X', 18h, 2Dh
        db 'c', 'C', 03h, 2Eh
        db 'v', 'V', 16h, 2Fh
        db 'b', 'B', 02h, 30h
        db 'n', 'N', 0Eh, 31h
        db 'm', 'M', 0Dh, 32h
        db ',', '<', NO_KEY, NO_KEY
        db '.', '>', NO_KEY, NO_KEY
        db '/', '?', NO_KEY, NO_KEY
        db NO_KEY, NO_KEY, NO_KEY, NO_KEY               ; 36 right Shift
        db '*', '*', NO_KEY, NO_KEY                     ; 37 PrtSc
        db NO_KEY, NO_KEY, NO_KEY, NO_KEY               ; 38 Alt
        db ' ', ' ', ' ', 39h
        db NO_KEY, NO_KEY, NO_KEY, NO_KEY               ; 3A Caps Lock

; The keypad from Home on.
pad_digits:
        db "789-456+1230."
; Its codes with Ctrl; 0: none.
pad_ctrl:
        db 77h, 0, 84h, 0, 73h, 0, 74h, 0, 75h, 0, 76h, 0, 0
