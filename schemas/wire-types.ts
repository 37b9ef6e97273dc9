import type { ListSchema } from '../src/generated/schemas.ts';
import { isList, type ValueType } from './rules.ts';

/** A type as people and comments call it, as TypeScript does, and its unit where it has one. */
export function describe(type: ValueType | ListSchema): {
  readonly wire: string;
  readonly typescript: string;
  readonly unit: string;
} {
  if (isList(type)) {
    const { wire, typescript, unit } = describe(type.items);
    return { wire: `array of ${wire}`, typescript: `readonly ${typescript}[]`, unit };
  }
  if (type === 'string') return { wire: 'string', typescript: 'string', unit: '' };
  if (type === 'long') return { wire: 'long', typescript: 'number', unit: '' };
  if (type === 'boolean') return { wire: 'boolean', typescript: 'boolean', unit: '' };
  if (type.logicalType === 'uuid') return { wire: 'string (uuid)', typescript: 'string', unit: ' UUID.' };
  return { wire: 'long (timestamp-millis)', typescript: 'number', unit: ' Milliseconds since the epoch, UTC.' };
}
