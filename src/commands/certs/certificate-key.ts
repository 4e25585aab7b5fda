import { EXIT } from '../../errors.ts'
import { createCertificateKey } from '../../x509/key.ts'
import { defineCommand } from '../command.ts'

export const command = defineCommand({
  options: {},
  examples: [
    { command: 'kubepki certs certificate-key', does: '64 hexadecimal digits: a key for AES-256' },
    {
      command:
        'kubeadm init phase upload-certs --upload-certs --certificate-key $(kubepki certs certificate-key)',
      does: 'certificates for further control-plane nodes, encrypted with a new key',
    },
  ],
  run: async (_, host) => {
    host.stdout(`${createCertificateKey()}\n`)
    return EXIT.done
  },
})
