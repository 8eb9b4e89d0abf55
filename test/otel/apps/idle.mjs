import 'openai';
import 'spendfuse';
