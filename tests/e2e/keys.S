# keys.S: a guest's "operating system", a boot sector that obeys single keys
#
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# It writes a letter to the first serial port when it is up, so that boots can
# be counted, and waits for keys without using the processor:
#
#   p  panics, as a kernel tells a pvpanic device
#   r  restarts the machine by its keyboard controller
#   o  switches the power off (ACPI, machine type "pc")
#   w  writes to sectors 64 to 1919 of its disk, then a letter as above
        .code16
start:  cli
        xor     %ax, %ax
        mov     %ax, %ds
        mov     %ax, %es
        mov     %ax, %ss
        mov     $0x7c00, %sp
        sti
ready:  mov     $0x3f8, %dx
        mov     $'k', %al
        out     %al, %dx
key:    xor     %ax, %ax
        int     $0x16
        cmp     $'p', %al
        je      panic
        cmp     $'r', %al
        je      restart
        cmp     $'o', %al
        je      off
        cmp     $'w', %al
        je      write
        jmp     key
panic:  mov     $0x505, %dx
        mov     $1, %al
        out     %al, %dx
        jmp     key
restart: mov    $0xfe, %al
        out     %al, $0x64
        jmp     key
off:    mov     $0x604, %dx
        mov     $0x2000, %ax
        out     %ax, %dx
        jmp     key
write:  mov     $0x80, %dl
        mov     $packet, %si
        mov     $0x4300, %ax
        int     $0x13
        addl    $64, sector
        cmpl    $1920, sector
        jb      write
        jmp     ready
        .align  4
packet: .byte   16, 0
        .word   64, 0x7c00, 0
sector: .long   64, 0
        .org    510
        .word   0xaa55
