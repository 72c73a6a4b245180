import { memoryObjectStore } from '#adapters/memory/memory-object-store.ts';
import { objectStoreConformance } from '../../conformance/object-store.ts';

objectStoreConformance('memory', () => memoryObjectStore());
