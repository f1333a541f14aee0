; The ROM of the hard disk controller, at C800:0 (IBM PC/XT Technical Reference, "Fixed Disk Drive Adapter"). It serves
; INT 13h for drives 80h and 81h and passes diskettes on by INT 40h; the system BIOS boots from it.
;
; Given by the machine that is being built: DRIVES, and for each drive x CYLINDERS_x, HEADS_x and SECTORS_x of a track.
; All cylinders are the user's: none is kept for diagnostics.
; Completion is polled; INT 0Dh only acknowledges, for programs that turn the controller's interrupt on.

        bits 16
        org 0

HDC_DATA        equ 320h
HDC_STATUS      equ 321h        ; written: reset
HDC_SELECT      equ 322h
HDC_MASK        equ 323h        ; bit 0: DMA, bit 1: interrupts

STATUS_REQUEST  equ 01h
STATUS_INPUT    equ 02h         ; a byte for the processor
STATUS_COMMAND  equ 04h         ; a command or result, not data
STATUS_BUSY     equ 08h

BDA             equ 40h
command_block   equ 42h         ; 6 bytes
disk_status     equ 74h
disk_count      equ 75h
disk_control    equ 76h

CMD_SENSE       equ 03h
CMD_SET_DRIVE   equ 0Ch
CMD_DIAGNOSE    equ 0E4h

BAD_COMMAND     equ 01h
BAD_ADDRESS     equ 02h
DMA_BOUNDARY    equ 09h
BAD_CONTROLLER  equ 20h
TIME_OUT        equ 80h

TABLE_SECTORS   equ 14          ; in a drive's table

FRAME_AX        equ 0
FRAME_BX        equ 8
FRAME_CX        equ 10
FRAME_DX        equ 12

; How long to poll, in steps of about half a second on an 8088.
SOON            equ 40
LATER           equ 2000        ; formatting a drive

        db 55h, 0AAh, ROM_SIZE / 512
        jmp near initialise
        db "Anachron hard disk", 0

; Called once by the POST. Without drives all stays as it is.
initialise:
%if DRIVES == 0
        retf
%endif
        push ds
        push es
        push ax
        push bx
        push cx
        push dx
        push si
        push di
        push bp
        cld
        sub sp, 18              ; the frame that a command takes its drive from
        mov bp, sp
        xor ax, ax
        mov ds, ax
        mov word [0Dh * 4], int0d
        mov [0Dh * 4 + 2], cs
        mov ax, [13h * 4]
        mov [40h * 4], ax
        mov ax, [13h * 4 + 2]
        mov [40h * 4 + 2], ax
        mov word [13h * 4], int13
        mov [13h * 4 + 2], cs
        mov word [41h * 4], drive_0
        mov [41h * 4 + 2], cs
        mov word [46h * 4], drive_1
        mov [46h * 4 + 2], cs
        mov ax, BDA
        mov ds, ax
        mov byte [disk_count], DRIVES
        mov byte [disk_control], 5
        call disk_reset
        jnc .end
        mov byte [disk_count], 0
        mov si, msg_failed
        call print
.end:   add sp, 18
        pop bp
        pop di
        pop si
        pop dx
        pop cx
        pop bx
        pop ax
        pop es
        pop ds
        retf

print:  cs lodsb
        or al, al
        jz .end
        mov ah, 0Eh
        mov bx, 7
        int 10h
        jmp print
.end:   ret

msg_failed:
        db "Hard disk controller error (1701)", 13, 10, 0

int0d:  push ax
        mov al, 20h
        out 20h, al
        in al, 21h              ; until someone wants it again
        or al, 20h
        out 21h, al
        pop ax
        iret

int13:  cmp dl, 80h
        jae .hard
        int 40h
        retf 2
.hard:  sti
        cld
        or ah, ah
        jnz .ours
        push dx                 ; a reset is for all
        mov dl, 0
        int 40h
        pop dx
        mov ah, 0
.ours:  push es
        push ds
        push dx
        push cx
        push bx
        push si
        push di
        push bp
        push ax
        mov bp, sp
        mov di, BDA
        mov ds, di
        and dl, 7Fh
        cmp dl, [disk_count]
        jae .bad
        cmp ah, 15h
        ja .bad
        mov al, ah
        cbw
        mov di, ax
        mov al, [cs:di + commands]
        shl di, 1
        call [cs:di + functions]
        jmp .end
.bad:   mov ah, BAD_COMMAND
        call done
.end:   mov [bp + FRAME_AX + 1], ah
        pop ax
        pop bp
        pop di
        pop si
        pop bx
        pop cx
        pop dx
        pop ds
        pop es
        retf 2

; Entered with the command in AL, the drive in DL, DS = 40h, BP = the frame. They give AH and the carry.
functions:
        dw disk_reset, last_status, read, write, plain, format_track, format_track, format_drive
        dw parameters, set_drives, read_long, write_long, plain, disk_reset, read_buffer, write_buffer
        dw plain, plain, plain, plain, plain, kind
commands:
        db 0, 0, 08h, 0Ah, 05h, 06h, 07h, 04h
        db 0, 0Ch, 0E5h, 0E6h, 0Bh, 0, 0Eh, 0Fh
        db 00h, 01h, 0E0h, 0E3h, 0E4h, 0

; AH: how it went.
done:   mov [disk_status], ah
        cmp ah, 1
        cmc
        ret

last_status:
        mov ah, 0
        xchg ah, [disk_status]
        mov [bp + FRAME_AX], ah
        mov ah, 0
        clc
        ret

; Commands without data.
plain:  call build
        jmp finish
format_track:
        call build
        mov al, [bp + FRAME_AX]
        mov [command_block + 4], al     ; the interleave
        jmp finish
format_drive:
        call build
        mov al, [bp + FRAME_AX]
        mov [command_block + 4], al
        mov al, 0
        call send
        jc end_command
        mov si, LATER
        jmp result

; Sends the block and waits for the result.
finish: mov al, 0
        call send
        jc end_command
        mov si, SOON

; Waits for the result, as long as SI says; asks for the reason if it is bad.
result: call wait_result
        jc end_command
        mov ah, 0
        test al, 02h
        jz end_command
        call sense

end_command:
        push ax
        mov al, 0
        mov dx, HDC_MASK
        out dx, al
        mov al, 7               ; channel 3 stops
        out 0Ah, al
        pop ax
        jmp done

; Commands with data: DI's upper byte is the DMA mode, CX the bytes less one.
read_long:
        mov di, 4700h
        jmp long
write_long:
        mov di, 4B00h
long:   mov cx, 516
        jmp transfer
read_buffer:
        mov di, 4700h
        jmp buffer
write_buffer:
        mov di, 4B00h
buffer: mov byte [bp + FRAME_AX], 1
        jmp sectors
read:   mov di, 4700h
        jmp sectors
write:  mov di, 4B00h
sectors:
        mov cx, 512
transfer:
        call build
        mov al, [bp + FRAME_AX]
        mov ah, 0
        mul cx
        sub ax, 1
        sbb dx, 0
        jnz .too_long
        mov cx, ax
        call set_dma
        jc .too_long
        mov al, 1
        call send
        jc end_command
        mov si, SOON
        jmp result
.too_long:
        mov ah, DMA_BOUNDARY
        jmp done

; Resets the controller, tells it the drives and moves their heads to cylinder 0.
disk_reset:
        mov dx, HDC_STATUS
        out dx, al
        mov cx, 1000            ; it needs 25 ms at the most
.wait:  in al, 61h
        in al, 61h
        loop .wait
        mov byte [bp + FRAME_DX], 80h
        mov al, CMD_DIAGNOSE
        call plain
        jc .end
        call set_drives
        jc .end
        mov al, 01h
        call plain
%if DRIVES > 1
        jc .end
        mov byte [bp + FRAME_DX], 81h
        mov al, 01h
        call plain
        mov byte [bp + FRAME_DX], 80h
%endif
.end:   ret

; Tells the controller the drives' geometry.
set_drives:
        mov dl, [bp + FRAME_DX]
        push dx
        mov byte [bp + FRAME_DX], 80h
        mov si, drive_0
        call .one
%if DRIVES > 1
        jc .end
        mov byte [bp + FRAME_DX], 81h
        mov si, drive_1
        call .one
%endif
.end:   pop dx
        mov [bp + FRAME_DX], dl
        ret
.one:   mov al, CMD_SET_DRIVE
        call build
        mov al, 0
        call send
        jc .failed
        mov di, .order
        mov cx, 8
.byte:  mov bl, [cs:di]
        mov bh, 0
        inc di
        mov al, [cs:bx + si]
        mov ah, STATUS_BUSY | STATUS_REQUEST
        call put
        jc .failed
        loop .byte
        mov si, SOON
        jmp result
.failed:
        jmp end_command
.order: db 1, 0, 2, 4, 3, 6, 5, 7       ; words with the upper byte first

; The size of the drive: CX, DH, DL as INT 13h takes them.
parameters:
        call table
        mov ax, [cs:si]
        dec ax
        mov ch, al
        mov cl, 6
        shl ah, cl
        or ah, [cs:si + TABLE_SECTORS]
        mov cl, ah
        mov [bp + FRAME_CX], cx
        mov dh, [cs:si + 2]
        dec dh
        mov dl, DRIVES
        mov [bp + FRAME_DX], dx
        mov ah, 0
        jmp done

; AH := 3, a hard disk; CX:DX := its sectors.
kind:   call table
        mov al, [cs:si + 2]
        mov ah, [cs:si + TABLE_SECTORS]
        mul ah
        mul word [cs:si]
        mov [bp + FRAME_DX], ax
        mov [bp + FRAME_CX], dx
        mov ah, 3
        clc
        ret

; SI := the table of drive DL.
table:  mov si, drive_0
        or dl, dl
        jz .end
        mov si, drive_1
.end:   ret

; Fills the command block for the command AL from the frame. CX stays.
build:  push cx
        mov [command_block], al
        mov al, [bp + FRAME_DX]
        and al, 1
        mov cl, 5
        shl al, cl
        mov ah, [bp + FRAME_DX + 1]
        and ah, 1Fh
        or al, ah
        mov [command_block + 1], al
        mov cx, [bp + FRAME_CX]
        mov al, cl
        and al, 3Fh
        dec al
        and al, 3Fh
        and cl, 0C0h
        or al, cl
        mov [command_block + 2], al
        mov [command_block + 3], ch
        mov al, [bp + FRAME_AX]
        mov [command_block + 4], al
        mov al, [disk_control]
        mov [command_block + 5], al
        pop cx
        ret

; Selects the controller and sends the block; AL goes to the mask. AH and the carry.
send:   push si
        push cx
        mov dx, HDC_SELECT
        out dx, al
        inc dx
        out dx, al
        mov si, command_block
        mov cx, 6
.next:  lodsb
        mov ah, STATUS_BUSY | STATUS_COMMAND | STATUS_REQUEST
        call put
        jc .end
        loop .next
.end:   pop cx
        pop si
        ret

; Sends AL when the status is AH. AH and the carry.
put:    push cx
        push ax
        mov dx, HDC_STATUS
        xor cx, cx
.wait:  in al, dx
        and al, 0Fh
        cmp al, ah
        je .ready
        loop .wait
        pop ax
        mov ah, TIME_OUT
        stc
        jmp .end
.ready: pop ax
        dec dx
        out dx, al
        clc
.end:   pop cx
        ret

; AL := the result, when it comes within SI polls by 65536. AH and the carry.
wait_result:
        push cx
        mov dx, HDC_STATUS
        xor cx, cx
.wait:  in al, dx
        and al, 0Fh
        cmp al, STATUS_BUSY | STATUS_COMMAND | STATUS_INPUT | STATUS_REQUEST
        je .ready
        loop .wait
        dec si
        jnz .wait
        mov ah, TIME_OUT
        stc
        jmp .end
.ready: dec dx
        in al, dx
        clc
.end:   pop cx
        ret

; Asks the controller what went wrong: AH.
sense:  mov al, CMD_SENSE
        call build
        mov al, 0
        call send
        jc .end
        mov cx, 4
        mov di, command_block
.next:  mov dx, HDC_STATUS
        push cx
        xor cx, cx
.wait:  in al, dx
        and al, 0Fh
        cmp al, STATUS_BUSY | STATUS_INPUT | STATUS_REQUEST
        je .ready
        loop .wait
        pop cx
        mov ah, BAD_CONTROLLER
        ret
.ready: pop cx
        dec dx
        in al, dx
        mov [di], al
        inc di
        loop .next
        mov si, SOON
        call wait_result
        mov al, [command_block]
        and al, 3Fh             ; type and number of the error
        mov si, errors
        mov cx, ERRORS
.find:  mov ah, [cs:si + 1]
        cmp al, [cs:si]
        je .end
        inc si
        inc si
        loop .find
        mov ah, BAD_CONTROLLER
.end:   ret

errors: db 02h, 40h             ; no seek complete
        db 04h, 80h             ; not ready
        db 08h, 40h             ; still seeking
        db 10h, 10h             ; the ID cannot be read
        db 11h, 10h             ; the data cannot be read
        db 12h, 02h             ; no address mark
        db 14h, 04h             ; sector not found
        db 15h, 40h             ; seek error
        db 18h, 11h             ; data corrected
        db 19h, 0Bh             ; bad track
        db 20h, 01h             ; no such command
        db 21h, 02h             ; no such address
        db 32h, 10h             ; check bytes
ERRORS  equ ($ - errors) / 2

; Channel 3 for ES:BX, CX bytes less one, the mode in DI's upper byte. The carry if 64 KB are crossed.
set_dma:
        mov dx, cx
        mov ax, es
        mov cl, 4
        rol ax, cl
        mov ch, al
        and al, 0F0h
        and ch, 0Fh
        add ax, bx
        adc ch, 0
        push ax
        add ax, dx
        pop ax
        jc .end
        cli
        out 0Ch, al             ; low byte first
        out 06h, al
        mov al, ah
        out 06h, al
        mov al, ch
        out 82h, al
        mov al, dl
        out 07h, al
        mov al, dh
        out 07h, al
        mov ax, di
        mov al, ah
        out 0Bh, al
        sti
        mov al, 3
        out 0Ah, al
        clc
.end:   ret

; INT 41h and 46h: cylinders, heads, where write current and precompensation begin, burst, control, waits.
drive_0:
        dw CYLINDERS_0
        db HEADS_0
        dw CYLINDERS_0, CYLINDERS_0
        db 11, 5, 0Ch, 0B4h, 28h
        db 0, 0, SECTORS_0, 0
drive_1:
        dw CYLINDERS_1
        db HEADS_1
        dw CYLINDERS_1, CYLINDERS_1
        db 11, 5, 0Ch, 0B4h, 28h
        db 0, 0, SECTORS_1, 0

        at ROM_SIZE - 1, 0
        db 0                    ; makes the sum of all bytes 0
