/** File systems of the FAT family, by FUSE: not every kernel has them built in. */
import type { World } from '../../support/world.js';
import type { Mounts } from './mounts.js';

/** Mounts a new exFAT: no hard links, no modes, and names whose case does not matter. */
export async function mountExfat(world: World, mounts: Mounts, path: string): Promise<void> {
  const image = `${world.root}/exfat.img`;
  await mounts.sh(`
    truncate -s 16M ${image}
    mkfs.exfat ${image}
    device=$(losetup --find --show ${image})
    mount.exfat-fuse $device ${path} && mounted=yes
    losetup --detach $device # which happens when it is not mounted any more
    test "\${mounted-}" = yes`);
}

/** Mounts a new FAT that refuses to change modes. */
export async function mountFat(world: World, mounts: Mounts, path: string): Promise<void> {
  const image = `${world.root}/fat.img`;
  await mounts.sh(`
    truncate -s 16M ${image}
    mkfs.vfat ${image}
    fusefat -o rw+ ${image} ${path} > /dev/null 2>&1 < /dev/null
    timeout 10 sh -c 'until mountpoint -q ${path}; do sleep 0.05; done'`);
}
